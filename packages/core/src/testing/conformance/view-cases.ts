import type { ConformanceCase } from "./context.ts";
import { rowCases } from "./row-cases.ts";
import { statusCases } from "./status-cases.ts";

/** What every {@link ViewStore} does. */
export const viewCases: readonly ConformanceCase[] = [...rowCases, ...statusCases];
