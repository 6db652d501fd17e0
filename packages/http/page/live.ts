/**
 * Listens to the node while the page is looked at. The stream only says that it is worth asking: what
 * is shown comes from answers, so a stream that breaks costs nothing but time.
 */
import { createFrameReader, type Frame } from "./frames.ts";

export interface LiveOptions {
  open(signal: AbortSignal, lastEventId: string | undefined): Promise<Response>;
  /** Calls back once after a delay; the answer ends it. */
  after(delayMs: number, work: () => void): () => void;
  told(frame: Frame): void;
  /** The stream began or broke. */
  changed(): void;
}

export interface Live {
  /** Whether there should be a stream; setting it opens or ends it. */
  wanted: boolean;
  readonly isOpen: boolean;
}

const firstPauseMs = 1_000;
const longestPauseMs = 30_000;
/** The node gives a sign of life every 15 s. */
const silenceMs = 40_000;

export const startLive = ({ open, after, told, changed }: LiveOptions): Live => {
  let isWanted = false;
  let isOpen = false;
  let failures = 0;
  let place: string | undefined;
  let stop: (() => void) | undefined;

  const setOpen = (next: boolean): void => {
    if (isOpen === next) return;
    isOpen = next;
    changed();
  };

  const read = async (abort: AbortController): Promise<void> => {
    const response = await open(abort.signal, place);
    const reader = response.ok ? response.body?.getReader() : undefined;
    if (!reader) throw new Error(`no stream: ${response.status}`);
    const frames = createFrameReader();
    const decoder = new TextDecoder();
    let unwatch = (): void => {};
    try {
      for (;;) {
        unwatch();
        unwatch = after(silenceMs, () => abort.abort());
        const { done, value } = await reader.read();
        if (done || abort.signal.aborted) return;
        failures = 0;
        setOpen(true);
        for (const frame of frames(decoder.decode(value, { stream: true }))) {
          if (frame.id !== undefined) place = frame.id;
          told(frame);
        }
      }
    } finally {
      unwatch();
    }
  };

  const run = (): void => {
    const abort = new AbortController();
    let isStopped = false;
    let unplan = (): void => {};
    stop = () => {
      isStopped = true;
      unplan();
      abort.abort();
    };
    const over = (): void => {
      if (isStopped) return;
      setOpen(false);
      failures += 1;
      unplan = after(Math.min(longestPauseMs, firstPauseMs * 2 ** Math.min(failures - 1, 8)), run);
    };
    read(abort).then(over, over);
  };

  return {
    get wanted() {
      return isWanted;
    },
    set wanted(value) {
      if (value === isWanted) return;
      isWanted = value;
      failures = 0;
      if (value) run();
      else {
        stop?.();
        setOpen(false);
      }
    },
    get isOpen() {
      return isOpen;
    },
  };
};
