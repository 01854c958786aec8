import swc from '@swc/core/Visitor.js';

/**
 * A service is a house of floors, from the top down. A file imports from its own room and from the floors below, types
 * included. Rooms that share a floor do not import each other. A file that no floor lists is domain, the ground floor.
 */
const serviceFloors = [
  ['main.ts'],
  ['crm.ts', 'inventory.ts', 'middleware.ts'],
  ['cli/command-line.ts'],
  ['open-context.ts'],
  ['adapters/'],
  ['cli/'],
  ['http/'],
  ['sync.ts', 'events/', 'background/'],
  ['reconcile/(?!reconciliation.ts)'], // that one file is domain
  ['deliver/'],
  ['intake/', 'pace/', 'report.ts'],
  ['commands/', 'queries/'],
  ['stock/', 'import/'],
  ['context.ts'],
  ['db/'],
];
const kitFloors = [['http/', 'client/', 'work/'], ['process/'], ['auth/', 'cli/'], ['database/']];

/** These packages are imported in these places only. */
const places = {
  express: ['kit/src/http/'],
  axios: ['kit/src/client/', '[^/]+/src/adapters/'],
  'axios-retry': ['kit/src/client/', '[^/]+/src/adapters/'],
};

const anyOf = (paths) => `(?:${paths.join('|')})`;
const services = '(?:crm|inventory|middleware)';
const rooms = serviceFloors.flat();

const forbidden = [
  ...floorRules('service', `${services}/src/`, serviceFloors),
  ...floorRules('kit', 'kit/src/', kitFloors),
  ...Object.entries(places).map(([name, paths]) => ({
    name: `${name} in its place`,
    comment: `Only ${paths.join(' and ')} import ${name}.`,
    from: { path: '^[^/]+/src/', pathNot: `^${anyOf(paths)}` },
    to: { path: `(^|/node_modules/)${name}(/|$)` },
  })),
  {
    name: 'services over HTTP',
    comment: 'Services know each other over HTTP alone. Only proof/ starts several of them.',
    from: { path: `^(${services})/` },
    to: { path: `^(@doorstep/)?${services}/`, pathNot: '^(@doorstep/)?$1/' },
  },
  {
    name: 'kit without services',
    comment: 'The kit imports no service.',
    from: { path: '^kit/' },
    to: { path: `^(@doorstep/)?(proof|${services})/` },
  },
  {
    name: 'ports',
    comment: 'An adapter knows the domain: it is handed whatever else it needs.',
    from: { path: '/src/adapters/' },
    to: { path: `^${services}/src/${anyOf(rooms)}`, pathNot: '/src/adapters/' },
  },
  {
    name: 'ledger',
    comment: "The middleware's routes and command line reach the ledger through commands and queries.",
    from: { path: '^middleware/src/(http|cli)/', pathNot: 'cli/command-line.ts' },
    to: { path: '^middleware/src/db/' },
  },
  {
    name: 'deliveries without queries',
    comment: 'Queries answer people. The daemon reads through db/.',
    from: { path: '^middleware/src/(deliver|intake|pace)/' },
    to: { path: '/src/queries/' },
  },
  {
    name: 'passwords in turn',
    comment: 'Hashing is expensive: password-work.ts bounds how many passwords are hashed at once.',
    from: { path: '^crm/src/', pathNot: '(password-work|[.]test)[.]ts$' },
    to: { path: '^crm/src/password[.]ts$' },
  },
  {
    name: 'main is the top',
    comment: 'main.ts is run, never imported.',
    from: {},
    to: { path: '(^|/)main.ts$' },
  },
  {
    name: 'no tests in the program',
    comment: 'The images contain neither test/ nor proof/.',
    from: { path: '/(src|migrations)/', pathNot: '[.]test[.]ts$' },
    to: { path: '(^proof/|/test/|[.]test[.]ts$)' },
  },
  { name: 'circle', comment: 'Imports form no circle, type imports included.', from: {}, to: { circular: true } },
];

/** A file belongs to the first floor that lists it. */
function floorRules(house, src, floors) {
  const listed = floors.flat();
  const rules = floors.map((floor, index) => {
    const above = floors.slice(0, index).flat();
    return {
      name: `${house}: ${floor.join(', ').replace(/\(.*?\)/g, '')}`,
      comment: 'Imports go down: to the same room or to a floor below.',
      from: { path: `^${src}(${floor.join('|')})`, pathNot: above.map((room) => `^${src}${room}`) },
      to: { path: `^${src}${anyOf([...above, ...floor])}`, pathNot: `^${src}$1` },
    };
  });
  const ground = {
    name: `${house}: the ground floor`,
    comment: 'A file that no floor lists imports from no floor.',
    from: { path: `^${src}`, pathNot: `^${src}${anyOf(listed)}` },
    to: { path: `^${src}${anyOf(listed)}` },
  };
  return [...rules, ground];
}

// swc's own visitor throws when it meets `using` and `await using`.
const { visitStatement } = swc.Visitor.prototype;
swc.Visitor.prototype.visitStatement = function (statement) {
  if (statement.type !== 'UsingDeclaration') return visitStatement.call(this, statement);
  this.visitVariableDeclarators(statement.decls);
  return statement;
};

export default {
  forbidden: forbidden.map((rule) => ({ severity: 'error', ...rule })),
  options: {
    parser: 'swc', // TypeScript 7 has no compiler API
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default'] },
  },
};
