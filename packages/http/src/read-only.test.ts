import { describe, expect, test } from "bun:test";
import { isChange, nameOf } from "./problem-kit.test.ts";
import { routes } from "./routes/index.ts";
import { useTable } from "./table-kit.test.ts";

const { send, expectRefused } = useTable({ readOnly: true });

describe.each(routes.map((route) => [nameOf(route), route] as const))("%s", (_, route) => {
  test(`${isChange(route) ? "is refused" : "is answered"} where only reading is allowed`, async () => {
    if (!isChange(route)) {
      expect((await send(route)).status).toBe(200);
      return;
    }
    const answer = await expectRefused(() => send(route), "READ_ONLY", 403);
    expect(answer.json.outcome).toBe("not-applied");
  });
});
