/** The build that loads: it imports what format.mjs exports. */
import { formatBuild } from "./format.mjs";

export const app = {
  handlers: {
    "GET /report": (build) => formatBuild(build),
  },
};
