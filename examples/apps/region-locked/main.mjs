/** Declines to run outside its region, which is no error: `onEnable` answers false. */
const home = "eu";

export const app = {
  onEnable: ({ settings }) => settings.region === home,
};
