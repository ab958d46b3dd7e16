/**
 * Where the schema of a service's database stands in an environment. It is written once the service's `migrate` has run, so also where
 * the rollout behind it fails; and it never goes back, because a rollback changes images and no database.
 */
export interface DatabaseSchema {
    schema: typeof databaseSchemaSchema;
    service: string;
    /** The label that the version which brought it declares as its `schema`. */
    label: string;
    /** Labels whose versions can run on this schema too, as the version that brought it declares them: its `compatibleWith`. */
    compatibleWith: readonly string[];
    /** Labels that the database stood at before, oldest first. */
    before: readonly string[];
    /** The ref that brought it: a full commit SHA, or `v1.4.0`. */
    by: string;
}

export const databaseSchemaSchema = "oneflow.dev/database-schema/v1";
/** `artifactType` of a database's schema in a registry. */
export const databaseSchemaArtifactType = "application/vnd.oneflow.database-schema.v1+json";

/** How `compatibleWith` names versions that declare no schema. */
export const noSchema = "none";
