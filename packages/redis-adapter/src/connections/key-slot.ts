/** The slot of a key or channel in a Redis Cluster: CRC16 (XMODEM) of its hash tag, of 16,384. */

export const slotCount = 16_384;

const table = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 8;
  for (let bit = 0; bit < 8; bit++) crc = (crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1) & 0xffff;
  return crc;
});

/** What decides the slot: the first non-empty `{tag}`, else the whole key. */
const tagOf = (key: string): string => {
  const open = key.indexOf("{");
  if (open < 0) return key;
  const close = key.indexOf("}", open + 1);
  return close <= open + 1 ? key : key.slice(open + 1, close);
};

const slots = new Map<string, number>();
/** Tags are few: one of the cluster, of each shard and of each node. */
const maxKept = 10_000;

/** The slot of a key or channel. */
export const keySlot = (key: string): number => {
  const tag = tagOf(key);
  const known = slots.get(tag);
  if (known !== undefined) return known;
  let crc = 0;
  for (const byte of Buffer.from(tag, "utf8")) {
    crc = ((crc << 8) ^ (table[((crc >> 8) ^ byte) & 0xff] ?? 0)) & 0xffff;
  }
  const slot = crc % slotCount;
  if (slots.size >= maxKept) slots.clear();
  slots.set(tag, slot);
  return slot;
};
