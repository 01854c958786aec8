// The packages of Node write os and cpu as a text, which pnpm overlooks: every platform's would be installed.
module.exports = {
  hooks: {
    readPackage(pkg) {
      for (const field of ['os', 'cpu']) if (typeof pkg[field] === 'string') pkg[field] = [pkg[field]];
      return pkg;
    },
  },
};
