const server = /^[^,:]+:\d{1,5}$|^[^,:]+$|^\[[\da-fA-F:.]+\](?::\d{1,5})?$/;

/** Servers of `host:port,host:port`; `undefined` when one cannot be read. */
export const parseServers = (hosts: string | undefined): readonly string[] | undefined => {
  const servers = hosts?.split(",") ?? [];
  return servers.length > 0 && servers.every((each) => server.test(each)) ? servers : undefined;
};
