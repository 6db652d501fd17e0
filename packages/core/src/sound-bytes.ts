/**
 * Walks msgpack bytes without building anything. A decoder makes an array as long as its header
 * claims before it has seen one item, so a few hundred bytes from outside could ask for all memory
 * there is. What passes here holds every item that it claims, and nests within a bound (I8, I9).
 */

/** The codec writes 64 levels; a batch puts its messages one level deeper, an entry another. */
const maxLevels = 80;
const left = new Uint32Array(maxLevels);

/** Bytes of the length that follows the heads of bytes and of text. */
const sizeOfLength: readonly number[] = [1, 2, 4];

/** Tells whether the bytes are one whole msgpack value without extensions. */
export const areSound = (bytes: Uint8Array): boolean => {
  const end = bytes.byteLength;
  let at = 0;
  let level = 0;
  /** Values still to come at this level. */
  let wanted = 1;

  const uint = (size: number): number => {
    let value = 0;
    for (let i = 0; i < size; i++) value = value * 256 + (bytes[at + i] ?? 0);
    at += size;
    return value;
  };

  const skip = (size: number): void => {
    at += size;
  };

  for (;;) {
    while (wanted === 0) {
      if (level === 0) return at === end;
      level -= 1;
      wanted = left[level] ?? 0;
    }
    if (at >= end) return false;
    wanted -= 1;
    const head = bytes[at] ?? 0;
    at += 1;
    let items = 0;
    if (head <= 0x7f || head >= 0xe0 || head === 0xc0 || head === 0xc2 || head === 0xc3) continue;
    if (head <= 0x8f) items = 2 * (head & 0x0f);
    else if (head <= 0x9f) items = head & 0x0f;
    else if (head <= 0xbf) at += head & 0x1f;
    else if (head >= 0xc4 && head <= 0xc6) skip(uint(sizeOfLength[head - 0xc4] ?? 0));
    else if (head === 0xca) at += 4;
    else if (head === 0xcb) at += 8;
    else if (head >= 0xcc && head <= 0xcf) at += 1 << (head - 0xcc);
    else if (head >= 0xd0 && head <= 0xd3) at += 1 << (head - 0xd0);
    else if (head >= 0xd9 && head <= 0xdb) skip(uint(sizeOfLength[head - 0xd9] ?? 0));
    else if (head === 0xdc) items = uint(2);
    else if (head === 0xdd) items = uint(4);
    else if (head === 0xde) items = 2 * uint(2);
    else if (head === 0xdf) items = 2 * uint(4);
    else return false;
    if (at > end || items > end - at) return false;
    if (items === 0) continue;
    if (level === maxLevels) return false;
    left[level] = wanted;
    level += 1;
    wanted = items;
  }
};
