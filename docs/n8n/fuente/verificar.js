// Pegue aquí la clave que Odoo mostró una vez; durante un cambio de clave, las dos.
const KEYS = ['whsec_PEGUE_AQUI_LA_CLAVE'];
// Tipos que este flujo atiende; los demás se aceptan sin hacer nada. '*' los atiende todos.
const WANTED = ['*'];
const TOLERANCE_SECONDS = 300;
const MAX_BYTES = 8 * 1024 * 1024;

const crypto = require('crypto'); // necesita NODE_FUNCTION_ALLOW_BUILTIN=crypto
const answer = (status, reason) => [{ json: { fresh: false, status, reason, event: null } }];
const headers = $input.first().json.headers || {};
const raw = await this.helpers.getBinaryDataBuffer(0, 'data'); // los bytes recibidos, sin tocar

function keyBytes(text) {
  const bytes = Buffer.from(text.replace(/^whsec_/, ''), 'base64');
  return /^whsec_[A-Za-z0-9+/]+={0,2}$/.test(text) && bytes.length >= 24 ? bytes : null;
}

function signatureProblem() {
  const id = String(headers['webhook-id'] || '');
  const moment = String(headers['webhook-timestamp'] || '');
  const given = String(headers['webhook-signature'] || '').split(' ').slice(0, 10);
  if (!/^[A-Za-z0-9_-]{1,255}$/.test(id) || !/^\d{1,12}$/.test(moment)) return 'cabeceras inválidas';
  if (Math.abs(Date.now() / 1000 - Number(moment)) > TOLERANCE_SECONDS) return 'fuera de plazo';
  const keys = KEYS.map(keyBytes).filter(Boolean);
  if (!keys.length) return 'falta la clave en el nodo Verificar';
  let good = false;
  for (const key of keys) {
    const hmac = crypto.createHmac('sha256', key).update(`${id}.${moment}.`).update(raw);
    const wanted = Buffer.from('v1,' + hmac.digest('base64'));
    for (const value of given.map((text) => Buffer.from(text))) {
      if (value.length === wanted.length && crypto.timingSafeEqual(value, wanted)) good = true;
    }
  }
  return good ? null : 'firma incorrecta';
}

function isWanted(type) {
  return WANTED.some((pattern) => pattern === '*' || pattern === type
    || (pattern.endsWith('.*') && type.startsWith(pattern.slice(0, -1))));
}

if (raw.length > MAX_BYTES) return answer(413, 'cuerpo demasiado grande');
const problem = signatureProblem();
if (problem) return answer(401, problem);
const body = JSON.parse(raw.toString('utf8'));
const seen = new Set($getWorkflowStaticData('global').seen || []);
const fresh = [];
for (const event of Array.isArray(body) ? body : [body]) {
  if (!isWanted(event.type) || seen.has(event.id)) continue;
  seen.add(event.id); // también dentro de un mismo lote
  fresh.push({ json: { fresh: true, status: 200, reason: 'nuevo', event } });
}
return fresh.length ? fresh : answer(200, 'repetido o no atendido');
