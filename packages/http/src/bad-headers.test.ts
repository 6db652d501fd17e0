import { describe, expect, test } from "bun:test";
import { isChange, nameOf } from "./problem-kit.test.ts";
import { routes } from "./routes/index.ts";
import { useTable } from "./table-kit.test.ts";

const { call, send, expectRefused } = useTable();

describe.each(routes.filter(isChange).map((route) => [nameOf(route), route] as const))(
  "%s",
  (_, route) => {
    test("refuses an Idempotency-Key that is none", async () => {
      for (const key of [
        "",
        " ",
        "two words",
        "k".repeat(256),
        "k".repeat(20_000),
        "tab\there",
        "ümlaut",
      ]) {
        const request = () => send(route, { headers: { "idempotency-key": key } });
        const answer = await expectRefused(request, "VALIDATION", 422);
        expect(Object.keys(answer.json.fieldErrors)).toEqual(["Idempotency-Key"]);
      }
    });
  },
);

test("a request id of the caller's is told back, and any other is replaced", async () => {
  const told = async (id: string) =>
    (await call("GET", "/healthz", { headers: { "x-request-id": id } })).headers.get(
      "x-request-id",
    );
  expect(await told("order-77:retry.2")).toBe("order-77:retry.2");
  for (const id of ["", "a b", "<script>", "a".repeat(129), "tab\there", "é", '"quoted"', "a,b"]) {
    const answer = await told(id);
    expect(answer).not.toBe(id);
    expect(answer).toMatch(/^[\w-]{16}$/);
  }
});

test("a read ignores an Idempotency-Key", async () => {
  const headers = { "idempotency-key": "two words" };
  expect((await call("GET", "/v1/status", { as: "viewer", headers })).status).toBe(200);
});

test("headers of very many kinds keep no route from answering", async () => {
  const headers: Record<string, string> = {
    "if-none-match": '",,,W/"'.repeat(500),
    cookie: "a=b; ".repeat(1_000),
    "content-encoding": "gzip",
    "x-http-method-override": "DELETE",
    accept: "text/html",
    range: "bytes=0-1",
  };
  expect((await call("GET", "/v1/apps", { as: "viewer", headers })).status).toBe(200);
});
