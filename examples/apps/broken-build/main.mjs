/** Does not load: the build it came from renamed `formatReport` in format.mjs and missed this file. */
import { formatReport } from "./format.mjs";

export const app = {
  handlers: {
    "GET /report": (build) => formatReport(build),
  },
};
