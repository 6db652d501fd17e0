/**
 * Sums up revenue. The manifest asks for a licence, so without one it is not enabled; what the
 * licence is worth the app decides itself: here by a date, in your own app by a signature.
 */
const expected = /^premium-reports until (\d{4}-\d{2}-\d{2})$/;

const refuse = (message) =>
  Object.assign(new Error(message), { name: "AppFailure", failure: "licence" });

const check = ({ licence }) => {
  const until = expected.exec(licence ?? "")?.[1];
  if (!until) throw refuse("the licence is not one for premium-reports");
  if (Date.parse(until) < Date.now()) throw refuse(`the licence ended on ${until}`);
};

export const app = {
  onEnable: check,
  onSettingsChanged: check,

  handlers: {
    "GET /revenue": (orders) => orders.reduce((sum, { total }) => sum + total, 0),
  },
};
