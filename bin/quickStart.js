"use strict";
// What index.ts loads first: Pulumi's SDK, as a program that makes many resources in little time wants it.

const { lightly } = require("./lightStart");

lightly(() => require("@pulumi/pulumi"));

// Pulumi asks for the stack of every promise. Node maps it to TypeScript in less time than a library does.
process.setSourceMapsEnabled(true);
Error.prepareStackTrace = undefined;

// Wanted or not, each debug message is a call to the engine, one after the other, and the program ends after the last:
// four for every resource.
if (!process.env.ONEFLOW_DEBUG) require("@pulumi/pulumi/log").debug = () => Promise.resolve();
