// Va después del trabajo: si el trabajo falla, el evento no queda anotado y el reintento lo repite.
const KEEP = 1000;
const memory = $getWorkflowStaticData('global');
const done = $('Verificar').all().map((item) => item.json.event.id);
memory.seen = [...(memory.seen || []), ...done].slice(-KEEP);
return [{ json: { status: 200, noted: done.length } }];
