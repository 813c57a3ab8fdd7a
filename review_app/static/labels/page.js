/** The list of labels: a dot follows the colour that is chosen, a row that was changed can be saved. */

for (const form of /** @type {NodeListOf<HTMLFormElement>} */ (
  document.querySelectorAll('.new, .kept')
)) {
  form.addEventListener('input', ({ target }) => {
    form.classList.add('is-changed');
    if (!(target instanceof HTMLSelectElement) || target.name !== 'colour') return;
    const dot = /** @type {HTMLElement} */ (form.querySelector('.dot'));
    if (target.value) dot.dataset.colour = target.value;
    else delete dot.dataset.colour;
  });
}
