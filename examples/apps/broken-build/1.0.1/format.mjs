export const formatBuild = ({ name, seconds, passed }) =>
  `${name}: ${passed ? "passed" : "failed"} after ${seconds} s`;
