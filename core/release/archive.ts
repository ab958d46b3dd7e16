import { crc32 } from "node:zlib";

/** Files by their path in the archive. */
export type ArchivedFiles = ReadonlyMap<string, string>;

/**
 * Texts as `.tar.gz`. Equal files give equal bytes, whoever packs them, whenever and with which zlib: sorted, no time, no owner,
 * and not compressed, as two versions of zlib compress the same bytes differently.
 *
 * @throws Error where a path is too long for the format
 */
export function packArchive(files: ArchivedFiles): Buffer {
    const entries = [...files].sort(([a], [b]) => (a < b ? -1 : 1));
    const blocks = entries.flatMap(([path, text]) => {
        const content = Buffer.from(text);
        return [tarHeader(path, content.length), content, Buffer.alloc(padding(content.length))];
    });
    return storedGzip(Buffer.concat([...blocks, Buffer.alloc(2 * block)]));
}

/**
 * The files of an archive that {@link packArchive} made, and of no other: a changed byte is never overlooked.
 *
 * @throws Error that says what is wrong with it
 */
export function unpackArchive(bytes: Buffer): ArchivedFiles {
    const tar = stored(bytes);
    const files = new Map<string, string>();
    for (let at = 0; at + block <= tar.length && tar[at] !== 0;) {
        const header = tar.subarray(at, at + block);
        const size = parseInt(field(header, 124, 12), 8);
        const start = at + block;
        if (!Number.isSafeInteger(size) || start + size > tar.length) {
            throw new Error("a file in it is cut off");
        }
        files.set(pathOf(header), tar.toString("utf8", start, start + size));
        at = start + size + padding(size);
    }
    if (!packArchive(files).equals(bytes)) {
        throw new Error("its bytes are not those that its files give: it was changed, cut off, or something else wrote it");
    }
    return files;
}

const block = 512;

function padding(size: number): number {
    return (block - (size % block)) % block;
}

/** A file's header as POSIX.1-1988, "ustar", has it: every tar reads it. */
function tarHeader(path: string, size: number): Buffer {
    const header = Buffer.alloc(block);
    const { prefix, name } = split(path);
    header.write(name, 0);
    header.write("0000644\0", 100);
    header.write("0000000\0", 108);
    header.write("0000000\0", 116);
    header.write(`${size.toString(8).padStart(11, "0")}\0`, 124);
    header.write("00000000000\0", 136);
    // The sum counts its own field as blanks.
    header.write("        ", 148);
    header.write("0", 156);
    header.write("ustar\u000000", 257);
    header.write(prefix, 345);
    const sum = header.reduce((total, byte) => total + byte, 0);
    header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
    return header;
}

/** A path of more than 100 bytes stands in two fields, parted at a slash. */
function split(path: string): { prefix: string; name: string } {
    if (Buffer.byteLength(path) <= 100) {
        return { prefix: "", name: path };
    }
    for (let slash = path.indexOf("/"); slash > 0; slash = path.indexOf("/", slash + 1)) {
        const [prefix, name] = [path.slice(0, slash), path.slice(slash + 1)];
        if (Buffer.byteLength(prefix) <= 155 && Buffer.byteLength(name) <= 100) {
            return { prefix, name };
        }
    }
    throw new Error(`${path} is too long a path for a tar archive: expected at most 100 bytes behind its last folder`);
}

function pathOf(header: Buffer): string {
    const prefix = field(header, 345, 155);
    return prefix ? `${prefix}/${field(header, 0, 100)}` : field(header, 0, 100);
}

function field(header: Buffer, start: number, length: number): string {
    const text = header.toString("utf8", start, start + length);
    const end = text.indexOf("\0");
    return end < 0 ? text : text.slice(0, end);
}

const gzipHead = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff]);
const storedHead = 5;
const mostStored = 0xffff;

/** RFC 1952 around blocks of RFC 1951 that are stored as they are. No time; the system is "unknown". */
function storedGzip(content: Buffer): Buffer {
    const pieces: Buffer[] = [gzipHead];
    for (let at = 0; at < content.length; at += mostStored) {
        const piece = content.subarray(at, at + mostStored);
        const head = Buffer.alloc(storedHead);
        head.writeUInt8(at + mostStored >= content.length ? 1 : 0, 0);
        head.writeUInt16LE(piece.length, 1);
        head.writeUInt16LE(~piece.length & 0xffff, 3);
        pieces.push(head, piece);
    }
    const tail = Buffer.alloc(8);
    tail.writeUInt32LE(crc32(content), 0);
    tail.writeUInt32LE(content.length, 4);
    return Buffer.concat([...pieces, tail]);
}

/** What {@link storedGzip} holds. Of bytes that it did not make, something that it would not make these from. */
function stored(bytes: Buffer): Buffer {
    const pieces: Buffer[] = [];
    for (let at = gzipHead.length; at + storedHead <= bytes.length;) {
        const start = at + storedHead;
        const end = start + bytes.readUInt16LE(at + 1);
        pieces.push(bytes.subarray(start, end));
        if (bytes[at] !== 0) {
            break;
        }
        at = end;
    }
    return Buffer.concat(pieces);
}
