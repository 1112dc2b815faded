// What a page does beyond links and forms. Every page works without this file; it only makes work quicker.
(function () {
  "use strict";
  const doc = document;

  // --- digests: copy the whole one, say so, and let the keyboard do it too -----------------------------------
  function enhanceDigests() {
    doc.querySelectorAll("[data-digest]:not([role])").forEach(function (digest) {
      digest.setAttribute("role", "button");
      digest.setAttribute("tabindex", "0");
      digest.setAttribute("aria-label", digest.dataset.copyLabel + " " + digest.textContent.trim());
    });
  }

  function copy(digest) {
    navigator.clipboard.writeText(digest.dataset.digest).then(function () {
      digest.classList.add("copied");
      announce(digest.dataset.copied);
      window.setTimeout(function () { digest.classList.remove("copied"); }, 1500);
    }, function () {
      // an insecure origin has no clipboard: select the full digest instead, so that Ctrl-C takes it
      digest.textContent = digest.dataset.digest;
      window.getSelection().selectAllChildren(digest);
    });
  }

  function announce(words) {
    const region = doc.getElementById("announcer");
    if (region) region.textContent = words;
  }

  // --- tables: a narrow screen reads a row downwards, so each cell carries the name of its column ---------------
  function nameCells() {
    doc.querySelectorAll(".a-table").forEach(function (table) {
      if (table.closest(".a-fig")) return; // the few numbers of a picture are compared across
      const names = Array.from(table.tHead ? table.tHead.rows[0].cells : [], function (head) {
        return (head.querySelector(".a-sr") || head).textContent.trim();
      });
      table.querySelectorAll(":scope > tbody > tr > td:not([colspan], [data-column])").forEach(function (cell) {
        if (names[cell.cellIndex]) cell.dataset.column = names[cell.cellIndex];
      });
      table.dataset.stacked = "";
    });
  }

  // --- confirmation: one dialog for forms, links and htmx requests ---------------------------------------------
  function ask(question, action, proceed) {
    const dialog = doc.getElementById("confirm");
    const yes = dialog.querySelector("[data-confirm-yes]");
    dialog.querySelector("[data-confirm-question]").textContent = question;
    yes.textContent = action || yes.dataset.confirmYes;
    dialog.returnValue = "";
    dialog.addEventListener("close", function () {
      if (dialog.returnValue === "yes") proceed();
    }, { once: true });
    dialog.showModal();
  }

  doc.addEventListener("submit", function (event) {
    const form = event.target;
    const submitter = event.submitter;
    const source = submitter && submitter.dataset.confirm ? submitter : form;
    if (!source.dataset.confirm || form.dataset.confirmed) {
      delete form.dataset.confirmed;
      return;
    }
    event.preventDefault();
    event.stopImmediatePropagation();
    ask(source.dataset.confirm, source.dataset.confirmAction, function () {
      form.dataset.confirmed = "true";
      form.requestSubmit(submitter);
    });
  }, true);

  doc.addEventListener("htmx:confirm", function (event) {
    if (!event.detail.question) return;
    event.preventDefault();
    ask(event.detail.question, event.detail.elt.dataset.confirmAction, function () {
      event.detail.issueRequest(true);
    });
  });

  // --- keys ----------------------------------------------------------------------------------------------------
  function isTyping(element) {
    return element.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(element.tagName);
  }

  doc.addEventListener("keydown", function (event) {
    const search = doc.querySelector(".a-search input");
    const wantsSearch = (event.key === "/" && !isTyping(event.target))
      || (event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey));
    if (wantsSearch && search) {
      event.preventDefault();
      search.focus();
      search.select();
    } else if (event.key === "Escape" && !doc.querySelector("dialog[open]")) {
      closeTopmost(event);
    } else if ((event.key === "Enter" || event.key === " ") && event.target.matches("[data-digest][role]")) {
      event.preventDefault();
      copy(event.target);
    }
  });

  // one answers row by row: each button names the keys that press it; Escape leads out of the reason
  doc.addEventListener("keydown", function (event) {
    const answering = doc.querySelector("[data-answering]");
    if (!answering || event.ctrlKey || event.metaKey || event.altKey || event.repeat || doc.querySelector("dialog[open]")) return;
    if (isTyping(event.target)) {
      if (event.key === "Escape" && answering.contains(event.target)) event.target.blur();
      return;
    }
    const wanted = doc.querySelector('[data-key~="' + CSS.escape(event.key.length === 1 ? event.key.toLowerCase() : event.key) + '"]');
    if (!wanted) return;
    event.preventDefault();
    if (isTyping(wanted)) wanted.focus();
    else wanted.click();
  });

  // a list is gone through by keys: j and k go down and up, Enter opens as any link does, e presses the row's button;
  // the page that comes of that begins where one was
  const WALKED = "[data-walked]";

  function linksOf(list) {
    return Array.from(list.querySelectorAll(":scope > li .tt"));
  }

  doc.addEventListener("keydown", function (event) {
    const list = doc.querySelector(WALKED);
    if (!list || isTyping(event.target) || event.ctrlKey || event.metaKey || event.altKey || doc.querySelector("dialog[open]")) return;
    const links = linksOf(list);
    const at = links.findIndex(function (link) { return link.closest("li").contains(doc.activeElement); });
    const button = at >= 0 && links[at].closest("li").querySelector("form button");
    if (event.key === "e" && button && !event.repeat) {
      sessionStorage.setItem("walked", String(at));
      button.click();
    } else if ((event.key === "j" || event.key === "k") && links.length) {
      links[Math.min(Math.max(at + (event.key === "j" ? 1 : -1), 0), links.length - 1)].focus();
    } else return;
    event.preventDefault();
  });

  function walkOn() {
    const list = doc.querySelector(WALKED);
    const at = sessionStorage.getItem("walked");
    sessionStorage.removeItem("walked");
    const links = list && at !== null ? linksOf(list) : [];
    if (links.length) links[Math.min(Number(at), links.length - 1)].focus();
  }

  function closeTopmost(event) {
    const menu = doc.querySelector("details.a-menu[open]");
    const close = doc.querySelector(".a-panel [data-panel-close]");
    if (menu) {
      menu.open = false;
      menu.querySelector("summary").focus();
    } else if (close && !(isTyping(event.target) && event.target.value)) {
      close.click(); // words already typed are not thrown away by one key
    }
  }

  doc.addEventListener("click", function (event) {
    const digest = event.target.closest("[data-digest][role]");
    if (digest) copy(digest);
    doc.querySelectorAll("details.a-menu[open]").forEach(function (menu) {
      if (!menu.contains(event.target)) menu.open = false;
    });
  });

  // --- a form of many rows: what was not chosen yet is chosen together, and stays to be seen and changed -----------
  function offerTheRest() {
    doc.querySelectorAll("[data-choose-rest][hidden]").forEach(function (offer) { offer.hidden = false; });
  }

  doc.addEventListener("click", function (event) {
    const button = event.target.closest("[data-choose]");
    if (!button) return;
    button.form.querySelectorAll("select").forEach(function (select) {
      const wanted = Array.from(select.options).some(function (each) { return each.value === button.dataset.choose; });
      if (wanted && !select.value) select.value = button.dataset.choose;
    });
    announce(button.dataset.chosen);
  });

  // --- the decision panel holds the focus while it is open ----------------------------------------------------
  function settlePanel() {
    const panel = doc.querySelector(".a-panel");
    const shell = doc.querySelector(".a-shell");
    if (!shell) return;
    const opened = panel && !shell.inert;
    shell.inert = Boolean(panel);
    if (opened) {
      const first = panel.querySelector("[aria-invalid='true']") || panel.querySelector("h2");
      first.focus({ preventScroll: true });
    }
  }

  // --- htmx ------------------------------------------------------------------------------------------------------
  // what scrolls sideways can be reached and scrolled by the keyboard
  function reachScrolling() {
    doc.querySelectorAll(".a-scroll:not([tabindex]), .a-log:not([tabindex])").forEach(function (region) {
      if (region.scrollWidth > region.clientWidth || region.scrollHeight > region.clientHeight) region.tabIndex = 0;
    });
  }

  // a long rail shows where one is; the page itself stays where it is
  function showPlace() {
    const place = doc.querySelector(".a-rail [aria-current]");
    const rail = place && place.closest(".a-rail");
    if (!rail || rail.scrollHeight <= rail.clientHeight) return;
    rail.scrollTop += place.getBoundingClientRect().top - rail.getBoundingClientRect().top - rail.clientHeight / 2;
  }

  // after a refusal one begins at what has to be put right; the open panel sees to its own
  function showErrors() {
    const errors = doc.getElementById("errors");
    if (errors && !errors.closest(".a-panel")) errors.focus();
  }

  // --- words that were typed and not sent are not lost by a click elsewhere ---------------------------------------
  let sending = false;

  function isUnsent(box) {
    return box.form && box.form.method === "post" && box.value !== box.defaultValue;
  }

  doc.addEventListener("submit", function (event) {
    if (!event.defaultPrevented && event.target.method === "post") sending = true;
  });

  window.addEventListener("beforeunload", function (event) {
    if (!sending && Array.from(doc.querySelectorAll("textarea")).some(isUnsent)) event.preventDefault();
  });

  function settle() {
    enhanceDigests();
    nameCells();
    offerTheRest();
    reachScrolling();
    settlePanel();
  }

  // a swapped answer speaks for itself; only silence, a broken server and a record that is gone need the band
  function showNoAnswer(shown) {
    const band = doc.getElementById("no-answer");
    if (band) band.hidden = !shown;
  }

  doc.addEventListener("DOMContentLoaded", settle);
  doc.addEventListener("DOMContentLoaded", showPlace);
  doc.addEventListener("DOMContentLoaded", walkOn);
  window.addEventListener("load", showErrors); // after the address has taken the focus to its place
  doc.addEventListener("htmx:load", settle);
  window.addEventListener("resize", reachScrolling);
  doc.addEventListener("htmx:afterSettle", settle);
  doc.addEventListener("htmx:sendError", function () { showNoAnswer(true); });
  doc.addEventListener("htmx:timeout", function () { showNoAnswer(true); });
  doc.addEventListener("htmx:beforeSwap", function (event) { showNoAnswer(!event.detail.shouldSwap && event.detail.isError); });
})();
