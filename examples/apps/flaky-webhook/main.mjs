/**
 * Fails to start on the nodes that cannot reach the receiver, and runs on all others. Which these
 * are is told by the setting `unreachableFrom`; without it, any node whose id ends with "-2".
 */
const reaches = (nodeId, unreachableFrom) =>
  unreachableFrom ? !unreachableFrom.includes(nodeId) : !nodeId.endsWith("-2");

export const app = {
  onEnable: ({ nodeId, settings }) => {
    if (!reaches(nodeId, settings.unreachableFrom)) {
      throw new Error(`connect ECONNREFUSED hooks.example.com:443 from ${nodeId}`);
    }
  },
};
