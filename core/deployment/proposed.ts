/** A change of one file as a pull request: printed as one line of JSON. */
export interface Proposed {
    branch: string;
    title: string;
    body: string;
    /** The one file that changes, and its whole new text. */
    file: string;
    text: string;
}
