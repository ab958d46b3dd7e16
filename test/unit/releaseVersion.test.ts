import assert from "node:assert/strict";
import fc from "fast-check";
import { isTag } from "../../core/registry/reference";
import { compareVersions, isVersion, releaseTags, versionOf } from "../../core/release/version";

// In the order of SemVer 2.0, section 11, widened by what is easily got wrong.
const ordered = [
    ...["0.0.1", "0.9.0", "0.10.0", "1.0.0-0", "1.0.0-1", "1.0.0-2", "1.0.0-10", "1.0.0-99999999999999999999", "1.0.0-Alpha"],
    ...["1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0-rc.1", "1.0.0"],
    ...["1.0.1-rc.1", "1.0.1", "2.0.0", "10.0.0", "99999999999999999999.0.0", "100000000000000000000.0.0"],
];

describe("a version", () => {
    it("is SemVer, pre-releases among them", () => {
        assert.deepEqual(
            ordered.filter((each) => !isVersion(each)),
            [],
        );
    });

    for (const text of ["1.4", "v1.4.0", "1.4.0+build", "01.4.0", "1.4.0-01", "1.4.0-", "1.4.0-a..b", "1.4.0-a_b", " 1.4.0", ""]) {
        it(`is not ${JSON.stringify(text)}`, () => assert.equal(isVersion(text), false));
    }

    it("is never one that a registry could not tag", () => {
        assert.equal(isVersion(`1.4.0-${"a".repeat(121)}`), true);
        assert.equal(isVersion(`1.4.0-${"a".repeat(122)}`), false);
        fc.assert(
            fc.property(fc.stringMatching(/^\d\.\d\.\d(-[0-9A-Za-z.+-]{1,9})?$/), (text) => {
                assert.ok(!isVersion(text) || releaseTags(text).every(isTag));
            }),
            { seed: 1, numRuns: 500 },
        );
    });

    it("is tagged for people and for Helm", () => {
        assert.deepEqual(releaseTags("1.5.0-rc.1"), ["v1.5.0-rc.1", "1.5.0-rc.1"]);
    });

    it("is what a release tag names, and nothing else names one", () => {
        assert.deepEqual(["v1.4.0", "v1.5.0-rc.1", "1.4.0", "v1.4.0+1", "vv1.4.0", "latest"].map(versionOf), [
            "1.4.0",
            "1.5.0-rc.1",
            ...[undefined, undefined, undefined, undefined],
        ]);
    });

    it("stands where SemVer puts it", () => {
        ordered.forEach((a, left) =>
            ordered.forEach((b, right) => assert.equal(Math.sign(compareVersions(a, b)), Math.sign(left - right), `${a} ${b}`)),
        );
    });
});
