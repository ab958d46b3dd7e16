import type { Problem } from "../../core/refusal";

/** One way to come by an external program. What it makes is kept in the cache, under a name that changes with its content. */
export interface Source {
    /** What it is called in reports: `Go module`, `Debian package`. */
    readonly label: string;
    /** How long making it takes on two cores, in minutes. 0: seconds. */
    readonly expectedMinutes: number;
    /** Version of what it makes. Absent where it is known only afterwards. */
    readonly version?: string;
    /** Name of its folder in the cache. Nothing where this machine cannot even say. */
    cacheName(): Promise<string | undefined>;
    /** Why it cannot be made here. Asked only where the cache has nothing. */
    unavailable(): Promise<Omit<Problem, "subject"> | undefined>;
    /**
     * Makes it.
     *
     * @param folder an empty folder, which the programs are put into
     * @param log file that everything goes to that a person needs when it fails
     */
    make(folder: string, log: string): Promise<void>;
}
