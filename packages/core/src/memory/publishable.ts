/** Rows that are too large for a hint are left out of it: whoever hears it lists them. */

/** Bytes that one hint carries at most. */
export const largestPublishedBytes = 65_536;

export const publishable = <T extends { readonly row: Uint8Array | "removed" }>(
  rows: readonly T[],
): { readonly rows?: readonly T[] } => {
  let bytes = 0;
  for (const { row } of rows) if (row !== "removed") bytes += row.byteLength;
  return bytes > largestPublishedBytes ? {} : { rows };
};
