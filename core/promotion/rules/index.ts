import { imagesExist } from "./imagesExist";
import { locksExist } from "./locksExist";
import { lockTotal } from "./lockTotal";
import { movedTag } from "./movedTag";
import { order } from "./order";
import { pinnedServices } from "./pinnedServices";
import { refForm } from "./refForm";
import type { Rule } from "./rule";
import { wholeServices } from "./wholeServices";

/** Every rule, in the order in which a refusal names its reasons. */
export const rules: readonly Rule[] = [refForm, pinnedServices, locksExist, lockTotal, wholeServices, imagesExist, movedTag, order];
