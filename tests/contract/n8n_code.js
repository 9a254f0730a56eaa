// Runs the code of an n8n Code node with the few things n8n gives it. In and out: JSON.
const input = JSON.parse(require('fs').readFileSync(0, 'utf8'));
const memory = input.memory || {};
const items = (list) => ({ first: () => list[0], all: () => list });
const helpers = {
  getBinaryDataBuffer: async (index, name) => {
    if (index !== 0 || name !== 'data') throw new Error(`no binary ${name} at ${index}`);
    return Buffer.from(input.body, 'base64');
  },
};
const allowed = (name) => {
  if (name !== 'crypto') throw new Error(`module ${name} is not allowed`);
  return require(name);
};
class Clock extends Date {
  static now() { return input.now * 1000; }
}
const AsyncFunction = (async () => {}).constructor;
const code = new AsyncFunction('$input', '$', '$getWorkflowStaticData', 'require', 'Date', input.code);
code.call(
  { helpers },
  items([{ json: { headers: input.headers } }]),
  () => items(input.verified || []),
  () => memory,
  allowed,
  Clock,
).then(
  (result) => console.log(JSON.stringify({ items: result, memory })),
  (error) => { console.error(error); process.exit(1); },
);
