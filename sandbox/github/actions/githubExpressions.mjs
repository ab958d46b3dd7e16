// GitHub's own evaluator is an ES module that names no file for `require`; this one does.
export * from "@actions/expressions";
