import type { Problem } from "../../refusal";
import { formatPath, type Path } from "../../settings/findings";
import { objectName, type SourceObject } from "../import/objects";

/** What is wrong with an object that a service brings, by file, object and place in it. */
export function problemIn(source: SourceObject, path: Path, message: string, remedy?: string): Problem {
    const place = [source.file, objectName(source), formatPath(path)].filter((part) => part !== "").join(": ");
    return { subject: place, message, ...(remedy === undefined ? {} : { remedy }) };
}
