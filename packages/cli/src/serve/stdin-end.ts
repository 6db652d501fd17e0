/** Tells when standard input ends: the process that started us, and held its other side, is gone. */
export const stdinEnd = (): AbortSignal => {
  const end = new AbortController();
  process.stdin.on("end", () => end.abort());
  process.stdin.on("close", () => end.abort());
  process.stdin.on("error", () => end.abort());
  process.stdin.resume();
  return end.signal;
};
