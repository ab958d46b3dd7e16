import { accepts } from "./accepts";
import { freeze } from "./freeze";
import { hotfix } from "./hotfix";
import { imagesExist } from "./imagesExist";
import { locksExist } from "./locksExist";
import { lockTotal } from "./lockTotal";
import { movedTag } from "./movedTag";
import { order } from "./order";
import { overrides } from "./overrides";
import { pinnedServices } from "./pinnedServices";
import { refForm } from "./refForm";
import type { Rule } from "./rule";
import { schema } from "./schema";
import { settingsDiffer } from "./settingsDiffer";
import { signature } from "./signature";
import { soak } from "./soak";
import { wholeServices } from "./wholeServices";

const judging: readonly Rule[] = [
    refForm,
    pinnedServices,
    locksExist,
    lockTotal,
    wholeServices,
    imagesExist,
    movedTag,
    schema,
    accepts,
    signature,
    settingsDiffer,
    order,
    hotfix,
    soak,
    freeze,
];

/** Every rule, in the order in which a refusal names its reasons. */
export const rules: readonly Rule[] = [...judging, overrides(judging)];
