/* Forms in the browser. Everything works without this file; with it, mistakes show while writing and a dropped
   connection loses nothing. `validate` follows rules/schema.py to the letter; tests/vectors.json holds both to it. */
(function () {
  "use strict";
  if (window.handraiserForms) return;

  var WHITE = " \\t\\n\\r\\f\\v\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000\\ufeff";
  var EDGES = new RegExp("^[" + WHITE + "]+|[" + WHITE + "]+$", "g");
  var RUNS = new RegExp("[" + WHITE + "]+", "g");
  var CONTROL = /[\u0000-\u0008\u000e-\u001f\u007f]|\p{Surrogate}/gu;
  var LETTER = "0-9A-Za-z\\u0080-\\u{10ffff}";
  var LABEL = "[" + LETTER + "](?:[" + LETTER + "\\-]{0,61}[" + LETTER + "])?";
  var EMAIL = new RegExp("^(?![.])(?!.*[.][.])[^@<>()\\[\\]\\\\,;:\"" + WHITE + "]{1,64}(?<![.])@(?:" + LABEL +
    "[.])+(?![0-9]+$)(?=..)" + LABEL + "$", "u");
  var PHONE = /^[+]?[0-9()./ -]+$/;
  var NUMBER = /^-?[0-9]{1,12}(?:[.,][0-9]{1,6})?$/;
  var TICKS = ["yes", "on", "true", "1"];

  function shown(rule, values) {
    var when = rule.when;
    if (!when) return true;
    var given = values[when.field];
    var answers = given === undefined ? [] : Array.isArray(given) ? given : [given === true ? "yes" : given];
    if (when.op === "filled") return answers.length > 0;
    var met = answers.some(function (answer) { return (when.values || []).indexOf(answer) >= 0; });
    return when.op === "is_not" ? !met : met;
  }

  function typed(rule, text, countries) {
    if (rule.type === "email") {
      if (text.indexOf("@") < 0) return [null, "email_no_at"];
      return EMAIL.test(text) ? [text, ""] : [null, "email"];
    }
    if (rule.type === "phone") {
      var digits = text.replace(/[^0-9]/g, "").length;
      return digits >= 6 && digits <= 15 && PHONE.test(text) ? [text, ""] : [null, "phone"];
    }
    if (rule.type === "number") return NUMBER.test(text) ? [text.replace(/,/g, "."), ""] : [null, "number"];
    if (rule.type === "choice") return rule.choices.indexOf(text) >= 0 ? [text, ""] : [null, "choice"];
    if (rule.type === "country") return countries.indexOf(text) >= 0 ? [text, ""] : [null, "country"];
    return [text, ""];
  }

  function plain(text, limit) {
    var line = text.replace(CONTROL, "").replace(RUNS, " ").replace(EDGES, "");
    return Array.from(line).slice(0, limit).join("").replace(EDGES, "");
  }

  function answer(rule, given, countries) {
    if (rule.type === "consent") {
      var ticked = given.some(function (text) { return TICKS.indexOf(text.toLowerCase()) >= 0; });
      return ticked ? [true, ""] : [null, rule.required ? "consent" : ""];
    }
    if (rule.type === "multichoice") {
      var chosen = given.filter(Boolean);
      var strange = chosen.some(function (text) { return rule.choices.indexOf(text) < 0; });
      if (strange) return [null, "choice"];
      var kept = rule.choices.filter(function (value) { return chosen.indexOf(value) >= 0; });
      return [kept, rule.required && !kept.length ? "missing" : ""];
    }
    var text = given.length ? given[given.length - 1].replace(EDGES, "") : "";
    if (rule.type === "hidden") {
      return [plain(text, rule.max) || plain(rule["default"] || "", rule.max), ""];
    }
    CONTROL.lastIndex = 0;
    if (CONTROL.test(text)) return [null, "control"];
    text = rule.type === "textarea" ? text.replace(/\r\n/g, "\n") : text.replace(RUNS, " ");
    if (!text) return [null, rule.required ? "missing" : ""];
    if (Array.from(text).length > rule.max) return [null, "too_long"];
    return typed(rule, text, countries);
  }

  /* `raw` is a list of texts by key; see `Outcome` in rules/schema.py for what comes back. */
  function validate(form, raw) {
    var values = {}, errors = {}, hidden = [];
    var countries = (form.countries || "").split(" ");
    form.fields.forEach(function (rule) {
      if (!shown(rule, values)) { hidden.push(rule.key); return; }
      if (rule.type === "notice") return;
      var given = raw[rule.key] || [];
      var got = answer(rule, given, countries);
      if (got[1]) {
        var length = given.length ? Array.from(given[given.length - 1].replace(EDGES, "")).length : 0;
        errors[rule.key] = form.sentences[got[1]].replace("{length}", length).replace("{max}", rule.max);
      } else if (got[0] !== null && got[0] !== "" && !(Array.isArray(got[0]) && !got[0].length)) {
        values[rule.key] = got[0];
      }
    });
    return { values: values, errors: errors, hidden: hidden };
  }

  window.handraiserForms = { validate: validate };

  function collect(form) {
    var raw = {};
    new FormData(form).forEach(function (value, key) {
      if (typeof value === "string") (raw[key] = raw[key] || []).push(value);
    });
    return raw;
  }

  function enhance(form) {
    var data = form.querySelector("script[type='application/json']");
    if (!data) return;
    var rules = JSON.parse(data.textContent);
    var said = form.querySelector("[data-hr-said]");
    var tried = false, busy = false;
    form.noValidate = true;
    // A page from a cache gives the same number to everybody; each opened page is one sending.
    if (window.crypto && crypto.randomUUID) form.elements.hr_nonce.value = crypto.randomUUID();
    if (form.elements.hr_page) form.elements.hr_page.value = location.href.split("#")[0];

    function row(key) { return form.querySelector("[data-hr-field='" + key + "']"); }
    function control(key) { return row(key) && row(key).querySelector("input,select,textarea"); }

    function mark(key, sentence) {
      var place = row(key);
      var error = place && place.querySelector("[data-hr-error]");
      if (!error) return; // a notice asks nothing, so nothing can be wrong with it
      error.textContent = sentence || "";
      error.hidden = !sentence;
      place.querySelectorAll("input,select,textarea").forEach(function (one) {
        if (sentence) one.setAttribute("aria-invalid", "true"); else one.removeAttribute("aria-invalid");
      });
    }

    function say(sentence, bad) {
      said.textContent = sentence;
      said.hidden = !sentence;
      said.classList.toggle("hr-bad", Boolean(bad));
    }

    /* Show and hide what depends on answers; mark one field, or all with "*". */
    function look(which) {
      var result = validate(rules, collect(form));
      rules.fields.forEach(function (rule) {
        var place = row(rule.key);
        if (place && rule.when) place.hidden = result.hidden.indexOf(rule.key) >= 0;
        if (which === "*" || which === rule.key) mark(rule.key, result.errors[rule.key]);
      });
      return result;
    }

    /* The summary above the fields; it takes the focus, and each line leads to its field. */
    function refuse(errors) {
      var keys = rules.fields.map(function (rule) { return rule.key; }).filter(function (key) { return errors[key]; });
      var one = keys.length === 1;
      clear();
      say("");
      var summary = make("div", "", form.querySelector("h2"));
      summary.className = "hr-summary";
      summary.tabIndex = -1;
      make("p", (one ? "One answer needs" : keys.length + " answers need") + " another look.", summary);
      var list = make("ul", "", summary);
      keys.forEach(function (key) {
        mark(key, errors[key]);
        if (!control(key)) return;
        var name = row(key).querySelector("legend, label").firstChild.textContent.trim();
        var link = make("a", (name ? name + ": " : "") + errors[key], make("li", "", list));
        link.href = "#" + control(key).id;
        link.addEventListener("click", function (event) { event.preventDefault(); control(key).focus(); });
      });
      summary.focus();
    }

    function clear() { form.querySelectorAll(".hr-summary").forEach(function (old) { old.remove(); }); }

    /* A new element inside `place`; a heading gets it as its next neighbour, a form without one as its first child. */
    function make(tag, text, place) {
      var made = document.createElement(tag);
      made.textContent = text;
      if (!place) form.prepend(made); else if (place.tagName === "H2") place.after(made); else place.append(made);
      return made;
    }

    form.addEventListener("change", function (event) {
      var key = event.target.name;
      var wrong = event.target.getAttribute("aria-invalid");
      var result = validate(rules, collect(form));
      // A field that was left empty is not scolded before somebody tried to send.
      if (tried || wrong || (event.target.value && result.errors[key])) look(key); else look("");
    });
    form.addEventListener("input", function (event) {
      if (event.target.getAttribute("aria-invalid")) look(event.target.name);
    });

    form.addEventListener("submit", function (event) {
      event.preventDefault();
      if (busy) return;
      tried = true;
      var result = look("*");
      if (Object.keys(result.errors).length) { refuse(result.errors); return; }
      clear();
      busy = true;
      form.setAttribute("aria-busy", "true");
      say("Sending…");
      fetch(form.action, {
        method: "POST", body: new URLSearchParams(new FormData(form)), headers: { Accept: "application/json" },
        credentials: "same-origin"
      }).then(function (response) {
        return response.json().then(function (reply) {
          if (reply.next) { location.assign(reply.next); return; }
          free();
          if (reply.errors) refuse(reply.errors); else say(reply.message, true);
        });
      }).catch(function () {
        free();
        say("Your answers are kept. The connection dropped; try again, nothing is sent twice.", true);
      });
    });

    function free() { busy = false; form.removeAttribute("aria-busy"); }
    window.addEventListener("pageshow", free);

    rules.fields.forEach(function (rule) { if (rule.when && row(rule.key)) row(rule.key).classList.add("hr-ready"); });
    look("");
  }

  document.querySelectorAll("form[data-hr-form]").forEach(enhance);
})();
