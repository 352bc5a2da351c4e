// Opens the dashboard in Chromium and uses it as a person does. Each thing that holds is a line "ok: ..."; the first that
// does not ends the run.
//
//     node dashboard.mjs MODULES PICTURES ADMIN REHEARSAL
//
// MODULES has node_modules; PICTURES is where screenshots go; ADMIN is the address of the admin API, REHEARSAL of a listener
// whose requests block the loop.

import { createRequire } from 'node:module';
import { readFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { strict as assert } from 'node:assert';
import { join } from 'node:path';

const [modules, pictures, admin, rehearsal] = process.argv.slice(2);
const require = createRequire(join(modules, 'package.json'));
const { chromium } = require('playwright-core');
const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const site = 'http://' + admin;

mkdirSync(pictures, { recursive: true });
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM || '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
});
const complaints = [];
const ok = (what) => console.log('ok: ' + what);

async function opened(options) {
  const context = await browser.newContext({ viewport: { width: 1360, height: 900 }, ...options });
  context.setDefaultTimeout(20000);
  const page = await context.newPage();
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('request', (request) => {
    if (!request.url().startsWith(site + '/')) {
      complaints.push('asks for ' + request.url());
    }
  });
  const answer = await page.goto(site + '/');
  assert.equal(answer.status(), 200);
  await page.getByRole('heading', { name: 'Loops' }).waitFor();
  return { page, answer };
}

const panel = (page, name) => page.getByRole('group', { name, exact: true })
  .or(page.getByRole('region', { name, exact: true })).first();
async function picture(page, name) {
  await page.evaluate(() => scrollTo(0, 0)); // the head stays where it is
  await page.screenshot({ path: join(pictures, name + '.png'), fullPage: true });
}

async function isAccessible(page, what) {
  await page.evaluate(axe); // by the debugger: the page itself may not
  const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }));
  writeFileSync(join(pictures, 'axe-' + what.replaceAll(/\W+/g, '-') + '.json'), JSON.stringify(violations, null, 2));
  assert.deepEqual(violations.map((each) => each.id + ': ' + each.nodes.map((node) => node.target).join(' ')), [], what);
  ok('axe finds nothing: ' + what);
}

async function isNoWiderThanTheScreen(page) {
  const [wide, screen] = await page.evaluate(() => [document.documentElement.scrollWidth, window.innerWidth]);
  assert.ok(wide <= screen, 'the page is ' + wide + ' wide on a screen of ' + screen);
}

async function answers(page, pattern) {
  const result = page.locator('dialog .result');
  await result.waitFor({ timeout: 60000 });
  assert.match(await result.textContent(), pattern);
}

try {
  const { page, answer } = await opened({ colorScheme: 'light' });

  // ---- nothing but itself ----------------------------------------------------------------------------------------------
  const policy = answer.headers()['content-security-policy'] || '';
  assert.match(policy, /default-src 'none'/);
  assert.match(policy, /script-src 'self'(;|$)/);
  assert.match(policy, /style-src 'self'(;|$)/);
  ok('the policy is strict');

  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Skip to the loops');
  // ---- every panel has something ----------------------------------------------------------------------------------------
  for (const [title, row] of [
    ['Routes, the slowest first', 'shop'], ['Servers, the slowest first', '127.0.0.1'], ['Listeners', 'ready'],
    ['Servers of upstreams', 'app'], ['Pools', 'app'], ['Plugins', 'chaos'],
  ]) {
    await panel(page, title).getByRole('row').filter({ hasText: row }).first().waitFor();
    ok('panel: ' + title);
  }
  await page.getByRole('row', { name: /^loop 0 .*%/ }).waitFor();
  await page.waitForFunction(() => {
    const value = document.querySelector('.vital .value');
    return value && parseFloat(value.textContent) > 0;
  });
  ok('panel: Loops');
  await page.getByRole('group', { name: 'Tables of plugins' }).getByRole('button', { name: 'chaos' }).click();
  await panel(page, 'chaos').getByRole('row').filter({ hasText: 'fd-inserted' }).waitFor();
  ok('a table of a plugin');
  await panel(page, 'Orphans').getByText('None').waitFor();

  // ---- an action, by the keyboard ---------------------------------------------------------------------------------------
  await page.getByRole('button', { name: 'Suspend web' }).focus();
  await page.keyboard.press('Enter');
  const dialog = page.getByRole('dialog');
  await dialog.getByText(/keeps 127\.0\.0\.1:\d+ and accepts nothing/).waitFor();
  assert.match(await dialog.textContent(), /Its \d+ open connections stay and are served as before/);
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'hidden' });
  assert.equal(await page.evaluate(() => document.activeElement.getAttribute('aria-label')), 'Suspend web');
  await panel(page, 'Listeners').getByRole('row', { name: /^web/ }).getByText('ready').waitFor();
  ok('an action that is not confirmed does nothing');
  await page.keyboard.press('Enter');
  await dialog.getByRole('button', { name: 'Suspend web' }).focus();
  await page.keyboard.press('Enter');
  await answers(page, /paused/);
  await dialog.getByRole('button', { name: 'Close' }).focus();
  await page.keyboard.press('Enter');
  await panel(page, 'Listeners').getByRole('row', { name: /^web/ }).getByText('suspended').waitFor();
  await page.getByRole('log').getByText('listener web is suspended').waitFor();
  await page.getByRole('button', { name: 'Resume web' }).click();
  await dialog.getByRole('button', { name: 'Resume web' }).click();
  await answers(page, /resumed/);
  await dialog.getByRole('button', { name: 'Close' }).click();
  await panel(page, 'Listeners').getByRole('row', { name: /^web/ }).getByText('ready').waitFor();
  ok('a listener was suspended and resumed, by the keyboard');

  await page.getByRole('button', { name: 'Add …' }).click();
  await dialog.getByRole('button', { name: 'Add a loop' }).click();
  await answers(page, /added/);
  await dialog.getByRole('button', { name: 'Close' }).click();
  await page.getByRole('row', { name: /^loop 2 .*%/ }).waitFor();
  ok('a loop was added');

  await isAccessible(page, 'light');
  await picture(page, 'light');

  await page.getByRole('button', { name: 'Reload demo-origin' }).click();
  await dialog.getByText(/takes the place of version/).waitFor();
  await dialog.getByRole('button', { name: 'Reload demo-origin' }).click();
  await answers(page, /outcome\s*reloaded/);
  await dialog.getByRole('button', { name: 'Close' }).click();
  await page.getByRole('log').getByText('plugin demo-origin was reloaded').waitFor();
  ok('a plugin was reloaded');

  // ---- a rescue, live ---------------------------------------------------------------------------------------------------
  const blocking = new Promise((resolve) => {
    get('http://' + rehearsal + '/block/5000', (response) => response.resume().on('end', resolve)).on('error', resolve);
  });
  await page.getByRole('heading', { name: '1 loop is blocked' }).waitFor();
  const stack = page.locator('.blocks article pre');
  assert.match(await stack.textContent(), /dev\.baton\.plugin\.chaos\./);
  const blocked = (await stack.getAttribute('aria-label')).match(/loop (\d+)/)[1];
  ok('loop ' + blocked + ' is blocked, and the stack says by what');
  await page.getByRole('log').getByText(new RegExp('connections? of loop ' + blocked + ' went to loop \\d+: rescued')).first().waitFor();
  await page.locator('.legend .rescue').getByText(/^[1-9]/).waitFor();
  ok('the rescue is seen');
  await page.locator('.blocks article').getByText(/for 2\.\d s/).waitFor();
  await picture(page, 'blocked');
  await page.getByRole('button', { name: 'Drain rehearsal' }).click();
  await dialog.getByLabel(/how: as configured/).selectOption('at-once');
  await dialog.getByRole('button', { name: 'Drain rehearsal' }).click();
  await panel(page, 'Orphans').getByRole('row').filter({ hasText: 'loop ' + blocked }).waitFor();
  ok('an orphan has its holder');
  await answers(page, /unbound/);
  await dialog.getByRole('button', { name: 'Close' }).click();
  await blocking;
  await page.getByRole('log').getByText('loop ' + blocked + ' works again').first().waitFor();
  await panel(page, 'Orphans').getByText('None').waitFor();
  ok('the loop works again, and nothing is left');

  // ---- a loop that goes -------------------------------------------------------------------------------------------------
  await page.getByRole('button', { name: 'Retire …' }).click();
  await dialog.getByLabel('loop').selectOption(blocked === '1' ? '0' : '1');
  await dialog.getByRole('button', { name: 'Retire it' }).click();
  await answers(page, /retired/);
  await dialog.getByRole('button', { name: 'Close' }).click();
  await page.getByRole('log').getByText(/went to loop \d+: its loop goes/).first().waitFor();
  await page.getByRole('row', { name: /^loop \d+ ended/ }).waitFor();
  ok('a loop was retired, and its connections are seen to go');

  // ---- an action of a plugin, in the dark -------------------------------------------------------------------------------
  await page.emulateMedia({ colorScheme: 'dark' });
  await page.getByRole('button', { name: 'chaos/spin …' }).click();
  await dialog.getByLabel('loop').fill('2');
  await dialog.getByLabel('ms').fill('x');
  await dialog.getByRole('button', { name: 'Do it' }).click();
  assert.equal(await dialog.locator('.result').count(), 0, 'what is no number is not sent');
  await dialog.getByLabel('ms').fill('1500');
  await dialog.getByRole('button', { name: 'Do it' }).click();
  await page.getByRole('log').getByText('loop 2 is blocked').first().waitFor();
  await answers(page, /spin/);
  await isAccessible(page, 'dark, with a dialog');
  await dialog.getByRole('button', { name: 'Close' }).click();
  ok('a plugin did what its form asked for');
  await isAccessible(page, 'dark');
  await picture(page, 'dark');

  // ---- a phone ----------------------------------------------------------------------------------------------------------
  const { page: phone } = await opened({ colorScheme: 'light', viewport: { width: 360, height: 740 }, reducedMotion: 'reduce' });
  await panel(phone, 'Routes, the slowest first').getByRole('row').filter({ hasText: 'shop' }).first().waitFor();
  await isNoWiderThanTheScreen(phone);
  await phone.getByRole('button', { name: 'Upgrade …' }).click();
  await phone.getByRole('dialog').getByText('If anything goes wrong before that, nothing changes.').waitFor();
  await isNoWiderThanTheScreen(phone);
  await phone.screenshot({ path: join(pictures, 'phone-dialog.png') });
  await phone.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();
  await isAccessible(phone, 'phone');
  await picture(phone, 'phone');
  await phone.context().close();
  ok('a phone has room for it');

  // ---- an upgrade -------------------------------------------------------------------------------------------------------
  const pid = async () => (await page.locator('.facts').textContent()).match(/pid (\d+)/)[1];
  const before = await pid();
  await page.emulateMedia({ colorScheme: 'light' });
  await page.getByRole('button', { name: 'Upgrade …' }).click();
  await dialog.getByRole('button', { name: 'Upgrade', exact: true }).click();
  await answers(page, /upgraded\s*true/);
  await dialog.getByRole('button', { name: 'Close' }).click();
  await page.waitForFunction((old) => {
    const facts = document.querySelector('.facts');
    return facts && !facts.textContent.includes('pid ' + old) && document.querySelector('.connection.live');
  }, before);
  const after = await pid();
  const timeline = page.locator('.timeline');
  for (const step of [
    `process ${before} is asked for an upgrade`, `process ${after} is started`, `process ${after} has the listening sockets`,
    `process ${after} serves`, `process ${before} accepts no more, and drains`,
  ]) {
    await timeline.getByText(step).first().waitFor();
  }
  await timeline.getByText(`process ${before} has let go of everything`).waitFor({ timeout: 60000 });
  ok('the page went from process to process, and shows both');
  await panel(page, 'Routes, the slowest first').getByRole('row').filter({ hasText: 'shop' }).first().waitFor();
  await isAccessible(page, 'after the upgrade');
  await picture(page, 'upgraded');

  assert.deepEqual(complaints.filter((each) => !each.includes('ERR_CONNECTION') && !each.includes('ERR_INCOMPLETE')), []);
  ok('the browser complains of nothing');

  // ---- the end ----------------------------------------------------------------------------------------------------------
  console.log('used'); // the test stops the process now
  await page.getByRole('alert').getByText('No connection to process ' + after).waitFor({ timeout: 60000 });
  await isAccessible(page, 'without a process');
} catch (failure) {
  console.log(String(failure.stack || failure));
  console.log('complaints: ' + complaints.join('\n'));
  for (const context of browser.contexts()) {
    for (const page of context.pages()) {
      await page.screenshot({ path: join(pictures, 'failed.png'), fullPage: true }).catch(() => {});
    }
  }
  process.exitCode = 1;
} finally {
  await browser.close();
  console.log('end ' + (process.exitCode ? 'failed' : 'fine'));
}
