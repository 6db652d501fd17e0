/** An HTTP client that asks one server again and again over one connection. */
import { Agent, request } from "node:http";
import { quantile } from "../rounds.ts";
import { programConfig, serveVerbs } from "./serve-verbs.ts";

const { port } = programConfig<{ readonly port: number }>();
const agent = new Agent({ keepAlive: true, maxSockets: 1 });

interface Answer {
  readonly status: number;
  readonly tag: string | undefined;
  readonly text: string;
}
const get = (path: string, tag?: string): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const headers = tag === undefined ? {} : { "if-none-match": tag };
    const sent = request({ host: "127.0.0.1", port, path, agent, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () =>
        resolve({
          status: response.statusCode ?? 0,
          tag: response.headers.etag,
          text: Buffer.concat(chunks).toString("utf8"),
        }),
      );
      response.on("error", reject);
    });
    sent.on("error", reject);
    sent.end();
  });
const expected = (answer: Answer, path: string, status: number): Answer => {
  if (answer.status === status) return answer;
  throw new Error(
    `${path} answered ${answer.status} instead of ${status}: ${answer.text.slice(0, 300)}`,
  );
};

serveVerbs({
  /** Milliseconds of each request; with `cached` the answer's tag is sent along, and 304 must come. */
  read: async ({
    path,
    count,
    cached,
  }: {
    readonly path: string;
    readonly count: number;
    readonly cached: boolean;
  }) => {
    const before = expected(await get(path), path, 200);
    const took: number[] = [];
    for (let n = 0; n < count; n++) {
      const from = performance.now();
      const answer = await get(path, cached ? before.tag : undefined);
      took.push(performance.now() - from);
      expected(answer, path, cached ? 304 : 200);
    }
    return { p50: quantile(took, 0.5), p99: quantile(took, 0.99), bytes: before.text.length };
  },
  /** Cursors of a few pages spread over the whole list. */
  cursors: async ({ path, every }: { readonly path: string; readonly every: number }) => {
    const found: string[] = [];
    let next: string | undefined;
    for (let page = 0; ; page++) {
      const cursor: string = next === undefined ? "" : `&cursor=${next}`;
      const { text } = expected(await get(`${path}${cursor}`), path, 200);
      next = (JSON.parse(text) as { readonly nextCursor?: string }).nextCursor;
      if (next === undefined) return found;
      if (page % every === 0) found.push(next);
    }
  },
});
