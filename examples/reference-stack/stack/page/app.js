// The page asks the public API and nothing else. All that comes from events is
// put in with textContent: it was written by strangers.
'use strict';

const minutes = 60;
const every = 2000; // milliseconds between two looks
const $ = (id) => document.getElementById(id);
const number = new Intl.NumberFormat();
const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit' });

const perMinute = new Map(); // start of a minute -> events
let paused = false;
let timer = 0;

class LoggedOut extends Error {}

async function query(body) {
  const response = await fetch('/api/v1/query', {
    method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body),
  });
  if (response.status === 401) throw new LoggedOut();
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.detail || answer.title || `status ${response.status}`);
  return answer.result;
}

async function logIn(key) {
  const response = await fetch('/api/v1/session', {
    method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ key }),
  });
  return response.ok;
}

// The hour that is shown: sixty whole minutes, the last of which is open.
function lastHour() {
  const open = Math.floor(Date.now() / 60000) * 60000;
  const first = open - (minutes - 1) * 60000;
  const range = { from: new Date(first).toISOString(), to: new Date(open + 60000).toISOString() };
  return { first, open, range };
}

// A minute that has been over for a while is asked for once.
async function countMinutes({ first, open }) {
  for (const start of perMinute.keys()) if (start < first) perMinute.delete(start);
  const wanted = [];
  for (let start = first; start <= open; start += 60000) {
    if (!perMinute.has(start) || start >= open - 60000) wanted.push(start);
  }
  const ask = async () => {
    for (let start = wanted.shift(); start !== undefined; start = wanted.shift()) {
      const range = { from: new Date(start).toISOString(), to: new Date(start + 60000).toISOString() };
      const result = await query({ kind: 'trend', range, interval: 'total', series: [{ event: '*', measure: 'events' }] });
      perMinute.set(start, result.series[0].total || 0);
    }
  };
  await Promise.all([ask(), ask(), ask()]);
}

function draw({ first, open }) {
  const chart = $('chart');
  const peak = Math.max(1, ...perMinute.values());
  const bars = [];
  for (let i = 0; i < minutes; i++) {
    const start = first + i * 60000;
    const count = perMinute.get(start) || 0;
    const height = 136 * count / peak;
    const bar = document.createElementNS('http://www.w3.org/2000/svg', 'rect');
    for (const [name, value] of Object.entries({ x: i * 10 + 1, y: 140 - height, width: 8, height })) bar.setAttribute(name, value);
    if (start === open) bar.setAttribute('class', 'open');
    const title = document.createElementNS('http://www.w3.org/2000/svg', 'title');
    title.textContent = `${clock.format(start)}: ${number.format(count)} events`;
    bar.append(title);
    bars.push(bar);
  }
  chart.replaceChildren(...bars);
  const now = perMinute.get(open - 60000) || 0;
  chart.setAttribute('aria-label', `Events per minute in the last hour: ${number.format(now)} in the last full minute, ${number.format(peak)} at the peak.`);
  $('from').textContent = clock.format(first);
  $('peak').textContent = `peak ${number.format(peak)}`;
}

function text(value) {
  return value !== null && typeof value === 'object' ? JSON.stringify(value) : String(value);
}

function row(event) {
  const tr = document.createElement('tr');
  const properties = Object.entries(event.properties || {}).slice(0, 6).map(([name, value]) => `${name}: ${text(value)}`).join(' · ');
  for (const cell of [clock.format(new Date(event.time)), event.name, event.person, properties]) {
    const td = document.createElement('td');
    td.textContent = cell || '';
    td.title = cell || '';
    tr.append(td);
  }
  return tr;
}

async function look() {
  const hour = lastHour();
  const { range } = hour;
  const [list, total] = await Promise.all([
    query({ kind: 'events', range, limit: 25 }),
    query({ kind: 'trend', range, interval: 'total', series: ['events', 'persons', 'sessions'].map((measure) => ({ event: '*', measure })) }),
    countMinutes(hour),
  ]);
  $('login').hidden = true;
  $('live').hidden = $('pause').hidden = false;
  ['events', 'persons', 'sessions'].forEach((id, i) => { $(id).textContent = number.format(total.series[i].total || 0); });
  $('list').replaceChildren(...list.events.map(row));
  $('empty').hidden = list.events.length > 0;
  draw(hour);
  $('state').textContent = `The last hour, as of ${clock.format(Date.now())}`;
}

async function tick() {
  clearTimeout(timer);
  try {
    if (!paused && !document.hidden) await look();
  } catch (error) {
    if (error instanceof LoggedOut) return askForKey('');
    $('state').textContent = `No answer: ${error.message}. Trying again.`;
  }
  timer = setTimeout(tick, every);
}

function askForKey(complaint) {
  $('live').hidden = $('pause').hidden = true;
  $('login').hidden = false;
  $('state').textContent = '';
  $('refused').textContent = complaint;
  $('key').focus();
}

async function enter(key) {
  try {
    if (!await logIn(key)) return askForKey('This key is not known here.');
  } catch (error) {
    return askForKey(`The server does not answer: ${error.message}`);
  }
  perMinute.clear();
  return tick();
}

$('pause').addEventListener('click', () => {
  paused = !paused;
  $('pause').textContent = paused ? 'Go on' : 'Pause';
  if (paused) $('state').textContent = 'Paused'; else tick();
});

$('login').addEventListener('submit', (event) => {
  event.preventDefault();
  const key = $('key').value.trim();
  $('key').value = '';
  enter(key);
});

document.addEventListener('visibilitychange', () => { if (!document.hidden && !$('live').hidden) tick(); });

const fragment = location.hash.slice(1);
if (fragment.startsWith('rk_')) {
  history.replaceState(null, '', location.pathname); // keep the key out of the address bar
  enter(fragment);
} else {
  tick();
}
