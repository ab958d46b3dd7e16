"use strict";

const { input } = require("../commands");
const { editDockerConfig } = require("./dockerConfig");

if (input("logout") === "true") {
    editDockerConfig(({ auths = {}, ...config }) => {
        const { [input("registry")]: _left, ...others } = auths;
        return { ...config, auths: others };
    });
}
