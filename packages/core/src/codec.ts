/**
 * Values to bytes and back: msgpack, with caps on size before anything from outside is decoded (I8).
 */
import { Decoder, Encoder } from "@msgpack/msgpack";

const maxDepth = 64;
const encoder = new Encoder({ maxDepth, ignoreUndefined: true, initialBufferSize: 16_384 });

/**
 * Encodes a plain value (null, boolean, number, string, bytes, array, object) into fresh bytes.
 * @throws Error for functions, symbols, cycles and values nested deeper than 64
 */
export const encode = (value: unknown): Uint8Array => encoder.encode(value);

export type Decoded =
  | { readonly kind: "decoded"; readonly value: unknown }
  | { readonly kind: "corrupt"; readonly error: string };

const decoders = new Map<number, Decoder>();
const decoderFor = (maxBytes: number): Decoder => {
  const known = decoders.get(maxBytes);
  if (known) return known;
  const made = new Decoder({
    maxStrLength: maxBytes,
    maxBinLength: maxBytes,
    maxArrayLength: Math.min(maxBytes, 1_000_000),
    maxMapLength: Math.min(maxBytes, 1_000_000),
    maxExtLength: 0,
  });
  decoders.set(maxBytes, made);
  return made;
};

/** Decodes bytes of at most `maxBytes`; never throws. */
export const decode = (bytes: Uint8Array, maxBytes = 8_388_608): Decoded => {
  if (bytes.byteLength > maxBytes) {
    return { kind: "corrupt", error: `${bytes.byteLength} bytes are over the cap of ${maxBytes}` };
  }
  try {
    return { kind: "decoded", value: decoderFor(maxBytes).decode(bytes) };
  } catch (error) {
    return { kind: "corrupt", error: error instanceof Error ? error.message : String(error) };
  }
};
