// What `import { Agent } from 'undici'` is in the bundle: undici's own entry loads all that it can do, and most of it is not asked for.
const Agent = require('undici/lib/dispatcher/agent.js');
const Dispatcher = require('undici/lib/dispatcher/dispatcher.js');
const api = require('undici/lib/api/index.js');

Object.assign(Dispatcher.prototype, api);
module.exports = { Agent };
