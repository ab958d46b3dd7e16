import { crc32 } from "node:zlib";

/** A file of an image's layer. */
export interface ArchiveFile {
    content: Buffer | string;
    /** Permission bits. @default 0o644 */
    mode?: number;
}

const block = 512;

/**
 * A tar archive whose bytes depend on nothing but the files: sorted, root's, of the epoch, with every parent folder.
 *
 * @param files path → file; a leading slash is left out
 * @throws Error where a path is not one inside the archive, or is too long for the format
 */
export function tar(files: Readonly<Record<string, ArchiveFile>>): Buffer {
    const entries = new Map<string, { content: Buffer; mode: number }>();
    for (const [path, { content, mode = 0o644 }] of Object.entries(files)) {
        const name = memberName(path);
        const parents = name.split("/").slice(0, -1);
        parents.forEach((_, index) =>
            entries.set(`${parents.slice(0, index + 1).join("/")}/`, { content: Buffer.alloc(0), mode: 0o755 }),
        );
        entries.set(name, { content: Buffer.from(content), mode });
    }
    const members = [...entries].sort(([a], [b]) => (a < b ? -1 : 1));
    const end = Buffer.alloc(2 * block);
    return Buffer.concat([
        ...members.flatMap(([name, { content, mode }]) => [header(name, content.length, mode), padded(content)]),
        end,
    ]);
}

/**
 * A gzip stream of uncompressed blocks: a compressor's output may differ from one zlib to the next, and with it the digest.
 */
export function gzip(content: Buffer): Buffer {
    const largest = 0xffff;
    const count = Math.max(1, Math.ceil(content.length / largest));
    const blocks = Array.from({ length: count }, (_, index) => {
        const part = content.subarray(index * largest, (index + 1) * largest);
        const head = Buffer.alloc(5);
        head.writeUInt8(index === count - 1 ? 1 : 0, 0);
        head.writeUInt16LE(part.length, 1);
        head.writeUInt16LE(~part.length & 0xffff, 3);
        return Buffer.concat([head, part]);
    });
    const trailer = Buffer.alloc(8);
    trailer.writeUInt32LE(crc32(content), 0);
    trailer.writeUInt32LE(content.length % 2 ** 32, 4);
    // Magic, deflate, no flags, no time, no hint, unknown system.
    return Buffer.concat([Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]), ...blocks, trailer]);
}

function memberName(path: string): string {
    const name = path.replace(/^\//, "");
    if (name.split("/").some((part) => part === "" || part === "." || part === "..")) {
        throw new Error(`${JSON.stringify(path)} is not a file's path in an image`);
    }
    if (Buffer.byteLength(name) > 100) {
        throw new Error(`${JSON.stringify(path)} is longer than the 100 bytes that this archive's format holds`);
    }
    return name;
}

/** A ustar header. */
function header(name: string, size: number, mode: number): Buffer {
    const bytes = Buffer.alloc(block);
    const octal = (value: number, length: number) => `${value.toString(8).padStart(length - 1, "0")}\0`;
    bytes.write(name, 0);
    bytes.write(octal(mode, 8), 100);
    bytes.write(octal(0, 8), 108);
    bytes.write(octal(0, 8), 116);
    bytes.write(octal(size, 12), 124);
    bytes.write(octal(0, 12), 136);
    bytes.write(" ".repeat(8), 148);
    bytes.write(name.endsWith("/") ? "5" : "0", 156);
    bytes.write("ustar\x0000", 257);
    const checksum = bytes.reduce((sum, byte) => sum + byte, 0);
    bytes.write(`${checksum.toString(8).padStart(6, "0")}\0 `, 148);
    return bytes;
}

function padded(content: Buffer): Buffer {
    return Buffer.concat([content, Buffer.alloc((block - (content.length % block)) % block)]);
}
