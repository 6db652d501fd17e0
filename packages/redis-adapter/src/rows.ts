/**
 * Changed rows as published: their number (4 bytes), then for each row the length of its name
 * (2 bytes), the name, the length of its bytes (4 bytes, all ones for a removed row), the bytes.
 */
export interface ChangedRow {
  readonly name: string;
  readonly row: Uint8Array | "removed";
}

const removed = 0xffff_ffff;
const longestName = 0xffff;

/** What is not published but announced by its version alone. */
export const maxPublishedBytes = 65_536;

/** Packs rows; empty when they are too large to publish. */
export const packRows = (rows: readonly ChangedRow[]): Buffer => {
  let size = 4;
  const names: Buffer[] = [];
  for (const { name, row } of rows) {
    const bytes = Buffer.from(name, "utf8");
    if (bytes.length > longestName) return Buffer.alloc(0);
    names.push(bytes);
    size += 6 + bytes.length + (row === "removed" ? 0 : row.byteLength);
    if (size > maxPublishedBytes) return Buffer.alloc(0);
  }
  const packed = Buffer.allocUnsafe(size);
  let at = packed.writeUInt32BE(rows.length, 0);
  rows.forEach(({ row }, i) => {
    const name = names[i] ?? Buffer.alloc(0);
    at = packed.writeUInt16BE(name.length, at);
    packed.set(name, at);
    at += name.length;
    at = packed.writeUInt32BE(row === "removed" ? removed : row.byteLength, at);
    if (row !== "removed") {
      packed.set(row, at);
      at += row.byteLength;
    }
  });
  return packed;
};

export type UnpackedRows =
  | { readonly kind: "rows"; readonly rows: readonly ChangedRow[] }
  | { readonly kind: "too-large" }
  | { readonly kind: "corrupt" };

/** Unpacks what {@link packRows} packed; never throws (I8). */
export const unpackRows = (packed: Buffer): UnpackedRows => {
  if (packed.length === 0) return { kind: "too-large" };
  if (packed.length < 4) return { kind: "corrupt" };
  const rows: ChangedRow[] = [];
  let at = 4;
  while (at < packed.length) {
    if (at + 2 > packed.length) return { kind: "corrupt" };
    const nameEnd = at + 2 + packed.readUInt16BE(at);
    if (nameEnd + 4 > packed.length) return { kind: "corrupt" };
    const name = packed.toString("utf8", at + 2, nameEnd);
    const length = packed.readUInt32BE(nameEnd);
    at = nameEnd + 4;
    if (length === removed) {
      rows.push({ name, row: "removed" });
      continue;
    }
    if (at + length > packed.length) return { kind: "corrupt" };
    rows.push({ name, row: packed.subarray(at, at + length) });
    at += length;
  }
  return rows.length === packed.readUInt32BE(0) ? { kind: "rows", rows } : { kind: "corrupt" };
};
