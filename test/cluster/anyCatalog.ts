import fc from "fast-check";
import { redis } from "../unit/settingsFixture";

// As wide as the settings' own words for each value, with the ends of every range: what they let through, Kubernetes must take.

/** Of the length that ends are met at. */
const sized = (unit: fc.Arbitrary<string>, most: number) =>
    fc.oneof(fc.string({ unit, maxLength: 4 }), fc.string({ unit, minLength: most, maxLength: most }));
const letters = "abcdefghijklmnopqrstuvwxyz";
const lower = fc.constantFrom(...`${letters}0123456789-`);
const named = (most: number, between: fc.Arbitrary<string> = lower, first = letters, last = `${letters}0123456789`) =>
    fc
        .tuple(fc.constantFrom(...first), sized(between, most - 2), fc.constantFrom(...last))
        .map(([head, middle, tail]) => `${head}${middle}${tail}`);

const anyLabel = named(63, lower, `${letters}0123456789`);
const objectName = named(253, fc.constantFrom(...`${letters}0123456789-`), `${letters}0123456789`);
const dataKey = named(253, fc.constantFrom(..."aZ09-._"), "aZ0-_", "aZ0-._");
const variableName = named(40, fc.constantFrom(..."aZ09-._"), "aZ_", "aZ09-._");
const portName = named(15, fc.constantFrom(...`${letters}0123456789`));
const filePath = fc
    .array(named(12, fc.constantFrom(..."aZ09-._"), "aZ0_-"), { minLength: 1, maxLength: 5 })
    .map((parts) => `/${parts.join("/")}`);
const annotationName = fc.oneof(
    named(63, fc.constantFrom(..."aZ09-._"), "aZ0", "aZ0"),
    fc
        .tuple(named(60, fc.constantFrom(..."a09-")), named(63, fc.constantFrom(..."aZ09-._"), "aZ0", "aZ0"))
        .map(([a, b]) => `${a}.example/${b}`),
);
const port = fc.oneof(fc.constantFrom(1, 80, 8080, 65535), fc.integer({ min: 1, max: 65535 }));
const duration = fc.oneof(
    fc.constantFrom("1s", "99999s", "9999m", "99h"),
    fc.tuple(fc.integer({ min: 1, max: 90 }), fc.constantFrom("s", "m", "h")).map(([count, unit]) => `${count}${unit}`),
);
const text = fc.oneof(fc.string({ maxLength: 20 }), fc.string({ unit: "binary", maxLength: 8 }));
const texts = fc.array(text, { maxLength: 3 });
const cpu = fc.constantFrom("1m", "100m", "0.5", "2", "0.125", "1.5");
const bytes = fc.constantFrom("64Mi", "1.5Gi", "128M", "1000000", "1Ti", "2k");
const limited = fc
    .record({ cpu: fc.constantFrom("10m", "0.5"), memory: fc.constantFrom("1Mi", "1k") })
    .map((requests) => ({ ...requests, limits: { cpu: "2", memory: "1Ti" } }));
const resources = fc.oneof(limited, fc.record({ cpu, memory: bytes }, { requiredKeys: [] }));

const environment = fc.dictionary(variableName, fc.oneof(text, fc.record({ secret: objectName, key: dataKey })), { maxKeys: 3 });
const annotations = fc.dictionary(annotationName, text, { maxKeys: 2 });
const files = fc.dictionary(filePath, text, { maxKeys: 2 });

const times = { initialDelay: duration, period: duration, timeout: duration, failureThreshold: fc.integer({ min: 1, max: 1000 }) };
const check = (extra: object) =>
    fc.oneof(
        fc.record({ tcp: port, ...times, ...extra }, { requiredKeys: ["tcp"] }),
        fc.record(
            {
                http: fc.webPath().map((path) => `/${path.replace(/^\//, "")}`),
                port,
                headers: fc.dictionary(fc.constantFrom("Cookie", "X-Probe", "accept"), text, { maxKeys: 2 }),
                ...times,
            },
            { requiredKeys: ["http", "port"] },
        ),
        fc.record({ exec: fc.array(text, { minLength: 1, maxLength: 3 }), ...times }, { requiredKeys: ["exec"] }),
    );
const apart = fc.record({ readiness: check({}), liveness: check({}), startup: check({}) }, { requiredKeys: ["readiness"] });

const within = (least: number, most: number) =>
    fc.oneof(
        fc.constantFrom("*", "?", "*/2"),
        fc.integer({ min: least, max: most }).map(String),
        fc
            .tuple(fc.integer({ min: least, max: most }), fc.integer({ min: least, max: most }))
            .map(([a, b]) => `${Math.min(a, b)}-${Math.max(a, b)}/3`),
    );
const month = fc.oneof(within(1, 12), fc.constantFrom("jan", "FEB-dec", "1,3,5"));
const weekday = fc.oneof(within(0, 6), fc.constantFrom("sun", "MON-fri"));
const cron = fc.tuple(within(0, 59), within(0, 23), within(1, 31), month, weekday).map((fields) => fields.join(" "));
const timezone = fc.constantFrom("Europe/Berlin", "UTC", "Etc/GMT+1", "America/Argentina/Buenos_Aires");
const schedule = fc.oneof(fc.constantFrom("@daily", "@hourly", "@yearly"), cron, fc.record({ cron, timezone }));

/** Schedules as somebody may write them, right and wrong. */
export const anySchedule: fc.Arbitrary<string> = fc.oneof(
    cron,
    fc
        .array(
            fc.constantFrom(
                "*",
                "?",
                "0",
                "7",
                "12",
                "24",
                "31",
                "32",
                "59",
                "60",
                "*/0",
                "*/90",
                "5-2",
                "2-5",
                "1-",
                "mon",
                "Jan",
                "1,2",

                "2/4",
                "fri-mon",
                "01",
            ),
            {
                minLength: 5,
                maxLength: 5,
            },
        )
        .map((fields) => fields.join(" ")),
);

const job = fc.record({ command: texts, args: texts, env: environment, timeout: duration }, { requiredKeys: [] });
const volumes = (claims: boolean) =>
    fc.uniqueArray(anyLabel, { maxLength: 2 }).chain((names) =>
        fc.record(
            Object.fromEntries(
                names.map((name, index) => [
                    name,
                    fc.oneof(
                        fc.record(
                            { mount: fc.constant(`/mnt/${index}`), sizeLimit: bytes, memory: fc.boolean() },
                            { requiredKeys: ["mount"] },
                        ),
                        fc.record({ mount: fc.constant(`/mnt/${index}`), secret: objectName }),
                        ...(claims
                            ? [
                                  fc.record({
                                      mount: fc.constant(`/mnt/${index}`),
                                      claim: fc.record({ size: bytes, storageClass: objectName }, { requiredKeys: ["size"] }),
                                  }),
                              ]
                            : []),
                    ),
                ]),
            ),
        ),
    );
const ports = fc.oneof(
    fc.record({ port, health: fc.oneof(fc.constantFrom("grpc", "tcp", "/healthz"), apart) }, { requiredKeys: ["port"] }),
    fc
        .tuple(
            fc.uniqueArray(portName, { minLength: 1, maxLength: 3 }),
            fc.uniqueArray(port, { minLength: 6, maxLength: 6 }),
            fc.option(apart, { nil: undefined }),
        )
        .map(([names, numbers, health]) => ({
            ports: Object.fromEntries(
                names.map((name, index) => [name, index === 1 ? { port: numbers[1], target: numbers[4] } : numbers[index]]),
            ),
            ...(health && { health }),
        })),
);
const expose = fc.constantFrom<object>({}, { expose: "loadBalancer" }, { expose: "internal" });
const scale = fc.oneof(
    fc.record({ replicas: fc.constantFrom(0, 1, 2, 10000) }),
    fc.record({
        autoscale: fc.record({
            min: fc.integer({ min: 1, max: 3 }),
            max: fc.integer({ min: 3, max: 10000 }),
            cpu: fc.constantFrom(1, 80, 1000),
        }),
    }),
);
const everywhere = {
    env: environment,
    files,
    annotations,
    resources,
    command: texts,
    args: texts,
    terminationGracePeriod: duration,
    user: fc.constantFrom(1, 1000, 2 ** 31 - 1),
    unrestrictedEgress: fc.boolean(),
    identity: fc.constant("someone@acme-prod.iam.gserviceaccount.com"),
    init: fc.uniqueArray(
        fc.record(
            { name: anyLabel, image: fc.constant(redis), command: texts, env: environment },
            { requiredKeys: ["name", "image"] },
        ),
        {
            maxLength: 1,
        },
    ),
};
const optional = (keys: Record<string, fc.Arbitrary<unknown>>) => fc.record(keys, { requiredKeys: [] });
const merged = (...parts: fc.Arbitrary<object>[]) => fc.tuple(...parts).map((all) => Object.assign({}, ...all) as object);
const jobs = optional({ migrate: job, verify: job });
const image = fc.constantFrom<object>({ source: "src" }, { image: redis });

const entry = fc.oneof(
    merged(image, ports, scale, expose, jobs, optional({ ...everywhere, volumes: volumes(false) })),
    merged(image, fc.constant({ kind: "worker" }), scale, jobs, optional({ ...everywhere, volumes: volumes(false) })),
    merged(
        image,
        fc.constant({ kind: "stateful" }),
        ports,
        fc.record({ replicas: fc.nat(3) }),
        jobs,
        optional({ ...everywhere, volumes: volumes(true) }),
    ),
    merged(image, fc.constant({ kind: "cron" }), fc.record({ schedule }), optional({ ...everywhere, volumes: volumes(false) })),
);

/** Entries of `services.yaml`: most are valid, and those that call name one another. */
export const anyCatalog: fc.Arbitrary<Record<string, object>> = fc
    .uniqueArray(named(46), { minLength: 1, maxLength: 3 })
    .chain((names) =>
        fc.record(
            Object.fromEntries(
                names.map((name) => [name, entry.map((one) => ("source" in one ? { ...one, source: `src/${name}` } : one))]),
            ),
        ),
    );
