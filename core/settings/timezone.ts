/** Whether the time zone database has the name. */
export function isTimezone(name: string): boolean {
    try {
        new Intl.DateTimeFormat("en", { timeZone: name });
        return true;
    } catch (error) {
        if (!(error instanceof RangeError)) {
            throw error;
        }
        return false;
    }
}
