/** Lets so many in at a time; the others wait in the order in which they came. */
export class Gate {
    private inside = 0;
    private readonly waiting: (() => void)[] = [];

    constructor(private readonly width: number) {}

    async pass<T>(work: () => Promise<T>): Promise<T> {
        if (this.inside < this.width) {
            this.inside += 1;
        } else {
            await new Promise<void>((admit) => this.waiting.push(admit));
        }
        try {
            return await work();
        } finally {
            const next = this.waiting.shift();
            if (next) {
                next();
            } else {
                this.inside -= 1;
            }
        }
    }
}
