/** A request that GitHub does not grant. */
export class GithubFailure extends Error {
    constructor(
        readonly status: number,
        message: string,
        /** Details of what cannot be processed. */
        readonly errors?: readonly { message: string }[],
    ) {
        super(message);
        this.name = "GithubFailure";
    }
}
