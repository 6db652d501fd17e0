/**
 * Values to bytes and back: msgpack, with caps on size before anything from outside is decoded (I8).
 */
import { Decoder, Encoder, ExtensionCodec } from "@msgpack/msgpack";
import { requirePlain } from "./plain.ts";
import { areSound } from "./sound-bytes.ts";

const maxDepth = 64;

/** What would come back as something else, or not at all, is refused before it is written (I8). */
const refuseWhatIsNotPlain = (value: unknown): null => {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return null;
  if (!(value instanceof Uint8Array)) requirePlain(value);
  return null;
};

// Takes the place of the extension for dates, which the decoder refuses.
const plainOnly = new ExtensionCodec();
plainOnly.register({ type: -1, encode: refuseWhatIsNotPlain, decode: () => null });

const encoder = new Encoder({
  maxDepth,
  ignoreUndefined: true,
  initialBufferSize: 16_384,
  extensionCodec: plainOnly,
});

/**
 * Encodes a plain value (null, boolean, number, string, bytes, array, object) into fresh bytes.
 * @throws Error for dates, maps, sets, instances of classes, functions, symbols, big integers,
 *   cycles, the key `__proto__`, and values nested deeper than 64
 */
export const encode = (value: unknown): Uint8Array => encoder.encode(value);

/**
 * Encodes as {@link encode} does, into memory that the next call of either uses again: copy it first.
 * @throws Error as {@link encode} does
 */
export const encodeBriefly = (value: unknown): Uint8Array => encoder.encodeSharedRef(value);

export type Decoded =
  | { readonly kind: "decoded"; readonly value: unknown }
  | { readonly kind: "corrupt"; readonly error: string };

// Lengths were found to be true by then, extensions to be absent.
const decoder = new Decoder({ maxExtLength: 0 });

/** Decodes bytes of at most `maxBytes`; never throws. */
export const decode = (bytes: Uint8Array, maxBytes = 8_388_608): Decoded => {
  if (bytes.byteLength > maxBytes) {
    return { kind: "corrupt", error: `${bytes.byteLength} bytes are over the cap of ${maxBytes}` };
  }
  if (!areSound(bytes)) return { kind: "corrupt", error: "not a whole and plain value" };
  try {
    return { kind: "decoded", value: decoder.decode(bytes) };
  } catch (error) {
    return { kind: "corrupt", error: error instanceof Error ? error.message : String(error) };
  }
};
