/** What a registry asks for in `WWW-Authenticate`. */
export interface Challenge {
    scheme: "basic" | "bearer";
    /** Parameters with lower-case names: `realm`, `service`, `scope`. */
    parameters: Readonly<Record<string, string>>;
}

/** The challenges of a `WWW-Authenticate` header that a client of registries can meet, in its order (RFC 9110, 11.6.1). */
export function parseChallenges(header: string): Challenge[] {
    const challenges: Challenge[] = [];
    let parameters: Record<string, string> = {};
    for (const [, name, quoted, plain, scheme] of header.matchAll(piece)) {
        if (scheme !== undefined) {
            parameters = {};
            const known = scheme.toLowerCase();
            if (known === "basic" || known === "bearer") {
                challenges.push({ scheme: known, parameters });
            }
        } else {
            parameters[name.toLowerCase()] = quoted === undefined ? plain : quoted.replace(/\\(.)/g, "$1");
        }
    }
    return challenges;
}

const token = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
// Either name="quoted" or name=plain, or a scheme: a word that no equals sign follows.
const piece = new RegExp(`(${token})\\s*=\\s*(?:"((?:[^"\\\\]|\\\\.)*)"|(${token}))|(${token})(?!\\s*=)`, "g");
