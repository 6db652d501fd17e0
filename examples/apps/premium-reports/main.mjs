/** Sums up revenue. The manifest asks for a licence; the host checks it before `onEnable`. */
export const app = {
  handlers: {
    "GET /revenue": (orders) => orders.reduce((sum, { total }) => sum + total, 0),
  },
};
