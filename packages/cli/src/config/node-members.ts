/** Members of `muster.config.json` that describe a node of `muster serve`. */
export const nodeMembers = {
  cluster: "text",
  node: "object",
  redis: "text",
  apps: "object",
  http: "object",
  settings: "object",
} as const;
