import { afterAll, expect, test } from "bun:test";
import { createApi } from "./api.ts";

const asked: Request[] = [];
const server = Bun.serve({
  port: 0,
  hostname: "127.0.0.1",
  fetch: async (request) => {
    asked.push(request.clone());
    const { pathname } = new URL(request.url);
    switch (pathname) {
      case "/ops/tagged":
        return request.headers.get("if-none-match") === '"t1"'
          ? new Response(null, { status: 304 })
          : Response.json({ n: 1 }, { headers: { etag: '"t1"' } });
      case "/ops/problem":
        return Response.json({ code: "FORBIDDEN", detail: "no", status: 1 }, { status: 403 });
      case "/ops/proxy":
        return new Response("<html>Bad gateway</html>", { status: 502 });
      case "/ops/error":
        return Response.json({ error: "of another server" }, { status: 500 });
      case "/ops/moved":
        return Response.redirect("/ops/tagged", 302);
      default:
        return Response.json({ got: await request.json() }, { status: 201 });
    }
  },
});
afterAll(() => server.stop(true));

const apiWith = (token?: string) => createApi(`http://127.0.0.1:${server.port}/ops/`, () => token);

test("an answer that is known is not sent again", async () => {
  const api = apiWith();
  const first = await api.getTagged<{ n: number }>("tagged");
  const second = await api.getTagged<{ n: number }>("tagged");
  expect(first).toEqual({ kind: "value", value: { n: 1 } });
  expect(second).toEqual(first);
  expect(asked.at(-1)?.headers.get("if-none-match")).toBe('"t1"');
  await api.get("tagged");
  expect(asked.at(-1)?.headers.get("if-none-match")).toBeNull();
});

test("the token goes with every request, and none without one", async () => {
  await apiWith("secret-token").get("tagged");
  expect(asked.at(-1)?.headers.get("authorization")).toBe("Bearer secret-token");
  await apiWith().get("tagged");
  expect(asked.at(-1)?.headers.get("authorization")).toBeNull();
});

test("a problem is told with the status it came with", async () => {
  expect(await apiWith().get("problem")).toEqual({
    kind: "problem",
    problem: { code: "FORBIDDEN", detail: "no", status: 403 },
  });
});

test("what is no answer of Muster's counts as none", async () => {
  for (const path of ["proxy", "error", "moved"]) {
    expect(await apiWith().get(path)).toEqual({ kind: "silent" });
  }
  const nowhere = createApi("http://127.0.0.1:1/", () => undefined);
  expect(await nowhere.get("v1/status")).toEqual({ kind: "silent" });
});

test("a change is JSON under its idempotency key", async () => {
  const answer = await apiWith().change({
    method: "POST",
    path: "change",
    body: { reason: "x" },
    idempotencyKey: "key-1",
  });
  expect(answer).toEqual({ kind: "value", value: { got: { reason: "x" } } });
  const sent = asked.at(-1);
  expect([sent?.method, sent?.headers.get("idempotency-key")]).toEqual(["POST", "key-1"]);
});
