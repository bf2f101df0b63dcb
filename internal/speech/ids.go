package speech

// The prompts of the script. Each stands with its Italian text; prompts/it/catalogue.txt
// has the texts that are spoken.
const (
	// Common to all conversations.

	// CommonNotUnderstood: «Mi scusi, non ho capito.»
	CommonNotUnderstood ID = "common.not-understood"
	// CommonStillHere: «Siamo sempre in linea.»
	CommonStillHere ID = "common.still-here"
	// CommonRecordedVoice: «Le parla una voce registrata. Usi i tasti del telefono.»
	CommonRecordedVoice ID = "common.recorded-voice"
	// CommonRestart: «Ricominciamo.»
	CommonRestart ID = "common.restart"
	// CommonMoment: «Un momento, per favore.»
	CommonMoment ID = "common.moment"
	// CommonRepeatHint: «Per riascoltare, prema 9.»
	CommonRepeatHint ID = "common.repeat-hint"
	// CommonPersonHint: «Per parlare con una persona, prema 0.»
	CommonPersonHint ID = "common.person-hint"
	// CommonAgainOrOn: «Per riascoltare, prema 9. Per andare avanti, prema 1.»
	CommonAgainOrOn ID = "common.again-or-on"

	// Inbound.

	// WelcomeHello: «Buongiorno, questo è il servizio {service}.»
	WelcomeHello ID = "welcome.hello"
	// MenuMain: «Per chiedere {campaign}, prema 1. Per una visita o un esame, prema 2. Per
	// una richiesta già fatta, prema 3. Per parlare con una persona, prema 0.»
	MenuMain ID = "menu.main"
	// StatusNone: «Con questi dati non ci sono richieste. Per farne una adesso, prema 1. Per
	// parlare con una persona, prema 0.»
	StatusNone ID = "status.none"

	// Inbound, a call of ours is open.

	// RecallHello: «Buongiorno, {authority}. Chiameremo noi questo numero. Per sapere
	// quando, prema 1. Per cambiare o annullare, prema 2. Per altre cose, prema 3.»
	RecallHello ID = "recall.hello"
	// RecallMissed: «Buongiorno, {authority}. Abbiamo chiamato poco fa. Per parlare con
	// noi, prema 1. Per altre cose, prema 2.»
	RecallMissed ID = "recall.missed"
	// RecallDialling: «Stavamo chiamando proprio questo numero. Le passo una persona.»
	RecallDialling ID = "recall.dialling"
	// RecallStatus: «La chiamiamo {clock-range}. Per restare in linea, prema 1.
	// Altrimenti, riagganci.»
	RecallStatus ID = "recall.status"
	// RecallStatusHalfDay: «La chiamiamo {half-day}. Per restare in linea, prema 1.
	// Altrimenti, riagganci.»
	RecallStatusHalfDay ID = "recall.status-half-day"
	// RecallStatusSoon: «La chiamiamo noi, al suo turno. Per restare in linea, prema 1.
	// Altrimenti, riagganci.»
	RecallStatusSoon ID = "recall.status-soon"
	// RecallLate: «Siamo in ritardo, ci scusi. Per parlare con noi adesso, prema 1.
	// Altrimenti, richiamiamo noi.»
	RecallLate ID = "recall.late"
	// RecallOrChange: «Per cambiare o annullare, prema 2.»
	RecallOrChange ID = "recall.or-change"
	// RecallChange: «Per cambiare giorno, prema 1. Per cambiare numero, prema 2. Per
	// annullare la chiamata, prema 3.»
	RecallChange ID = "recall.change"
	// RecallCancel: «Annulliamo la chiamata. ‖ Per confermare, prema 1. Per tenerla,
	// prema 2.»
	RecallCancel ID = "recall.cancel"
	// RecallCancelled: «La chiamata è annullata. Se serve, ci richiami quando vuole.»
	RecallCancelled ID = "recall.cancelled"
	// RecallKept: «Va bene, la chiamata resta.»
	RecallKept ID = "recall.kept"
	// RecallWhyPerson: «Ha chiesto di parlare con una persona.»
	RecallWhyPerson ID = "recall.why-person"
	// RecallWhySite: «Chiamiamo per la richiesta fatta sul sito.»
	RecallWhySite ID = "recall.why-site"
	// RecallWhyDropped: «Chiamiamo perché prima è caduta la linea.»
	RecallWhyDropped ID = "recall.why-dropped"
	// DroppedHelloInbound: «Buongiorno, {authority}. Prima è caduta la linea. Per
	// riprendere, prema 1. Per ricominciare, prema 2.»
	DroppedHelloInbound ID = "dropped.hello-inbound"
	// DroppedResume: «Riprendiamo.»
	DroppedResume ID = "dropped.resume"
	// DroppedDigitsAgain: «Per sicurezza, digiti ancora le ultime {n-digits} cifre della
	// tessera.»
	DroppedDigitsAgain ID = "dropped.digits-again"
	// DroppedBirthAgain: «Per sicurezza, digiti ancora la data di nascita.»
	DroppedBirthAgain ID = "dropped.birth-again"

	// Identify.

	// PrivacyNotice: «Usiamo i dati solo per questa richiesta.»
	PrivacyNotice ID = "privacy.notice"
	// IdentifyCardReady: «Prenda la tessera sanitaria. Quando l'ha in mano, prema 1. Se non
	// la trova, prema 2.»
	IdentifyCardReady ID = "identify.card-ready"
	// IdentifyCardWait: «Faccia con calma, noi aspettiamo. Quando ha la tessera, prema 1. Se
	// non la trova, prema 2.»
	IdentifyCardWait ID = "identify.card-wait"
	// IdentifyNoCard: «Per parlare con una persona, prema 0. Se ha un foglio con un altro
	// codice, prema 1.»
	IdentifyNoCard ID = "identify.no-card"
	// IdentifyAskCode: «Digiti il codice fiscale. È sulla tessera sanitaria, sono sedici tra
	// lettere e numeri. Per ogni lettera, prema una volta il tasto dov'è scritta. Faccia con
	// calma.»
	IdentifyAskCode ID = "identify.ask-code"
	// IdentifyCodeAgain: «Digiti il codice fiscale, un tasto per ogni lettera o numero.»
	IdentifyCodeAgain ID = "identify.code-again"
	// IdentifyHelpCode: «Sulla tessera cerchi le parole: codice fiscale. Digiti le lettere e
	// i numeri, uno alla volta. Se sui tasti non ci sono lettere, attenda.»
	IdentifyHelpCode ID = "identify.help-code"
	// IdentifyContinue: «Ho contato {n-keys} tasti su sedici. Continui pure. Per
	// ricominciare, prema asterisco, in basso a sinistra.»
	IdentifyContinue ID = "identify.continue"
	// IdentifyContinueOne: «Ho contato un tasto su sedici. Continui pure. Per ricominciare,
	// prema asterisco, in basso a sinistra.»
	IdentifyContinueOne ID = "identify.continue-one"
	// IdentifyShortCode: «Ho contato undici tasti. Se il codice finisce qui, prema
	// cancelletto, in basso a destra. Altrimenti, continui pure.»
	IdentifyShortCode ID = "identify.short-code"
	// IdentifyAskOtherCode: «Digiti il codice scritto sul foglio. Per ogni lettera, prema
	// una volta il tasto dov'è scritta. Alla fine, attenda.»
	IdentifyAskOtherCode ID = "identify.ask-other-code"
	// IdentifyAskCardDigits: «Ora giri la tessera. In basso a sinistra c'è un numero lungo.
	// Digiti le ultime {n-digits} cifre.»
	IdentifyAskCardDigits ID = "identify.ask-card-digits"
	// IdentifyHelpCardDigits: «Il numero è sul retro della tessera, in basso. Digiti solo le
	// ultime {n-digits} cifre. Se non si leggono, attenda.»
	IdentifyHelpCardDigits ID = "identify.help-card-digits"
	// IdentifyContinueDigits: «Ho contato {n-keys} cifre su {n-digits}. Continui pure.»
	IdentifyContinueDigits ID = "identify.continue-digits"
	// IdentifyContinueDigitsOne: «Ho contato una cifra su {n-digits}. Continui pure.»
	IdentifyContinueDigitsOne ID = "identify.continue-digits-one"
	// IdentifyAskBirth: «Ora digiti la data di nascita. Due numeri per il giorno, due per il
	// mese. Poi quattro per l'anno.»
	IdentifyAskBirth ID = "identify.ask-birth"
	// IdentifyHelpBirth: «Un esempio: due marzo millenovecentotrentotto. Si digita zero due,
	// zero tre, uno nove tre otto.»
	IdentifyHelpBirth ID = "identify.help-birth"
	// IdentifyTryAgain: «Con questi numeri non trovo i dati. Per digitare di nuovo
	// {second-datum}, prema 1. Per digitare di nuovo il codice fiscale, prema 2. Per parlare
	// con una persona, prema 0.»
	IdentifyTryAgain ID = "identify.try-again"
	// IdentifyFound: «Grazie, dati trovati.»
	IdentifyFound ID = "identify.found"
	// IdentifyToPerson: «Non si preoccupi: da qui la aiuta una persona. Per farsi
	// richiamare, prema 1. Per restare in linea, prema 2.»
	IdentifyToPerson ID = "identify.to-person"
	// IdentifyToPersonShort: «Non si preoccupi: da qui la aiuta una persona.»
	IdentifyToPersonShort ID = "identify.to-person-short"

	// No key, rotary dial.

	// NokeyStart: «Va bene anche senza tasti: la richiamiamo noi. Dopo il segnale, dica
	// nome, cognome e data di nascita. Registriamo solo queste parole.»
	NokeyStart ID = "nokey.start"
	// NokeyStartHidden: «Va bene anche senza tasti. Dopo il segnale, dica nome, cognome,
	// data di nascita e numero di telefono. Registriamo solo queste parole.»
	NokeyStartHidden ID = "nokey.start-hidden"
	// ToneRecord: A short tone, 0.3 s; the caller speaks after it.
	ToneRecord ID = "tone.record"
	// NokeyNotHeard: «Non ho sentito la voce. Riproviamo: parli dopo il segnale.»
	NokeyNotHeard ID = "nokey.not-heard"
	// NokeyHeard: «Grazie, il messaggio è registrato. La richiama una persona a questo
	// numero, {clock-range}.»
	NokeyHeard ID = "nokey.heard"
	// NokeyHeardSoon: «Grazie, il messaggio è registrato. La richiama una persona a questo
	// numero.»
	NokeyHeardSoon ID = "nokey.heard-soon"
	// NokeyHeardHidden: «Grazie, il messaggio è registrato. La richiama una persona al
	// numero che ha detto.»
	NokeyHeardHidden ID = "nokey.heard-hidden"
	// NokeyPen: «Ora prenda carta e penna. Aspettiamo.»
	NokeyPen ID = "nokey.pen"
	// NokeyNumberOnly: «La richiamiamo a questo numero, {clock-range}.»
	NokeyNumberOnly ID = "nokey.number-only"
	// NokeyNumberOnlySoon: «La richiamiamo a questo numero, al suo turno.»
	NokeyNumberOnlySoon ID = "nokey.number-only-soon"
	// NokeyCallAgain: «Non vediamo il suo numero. Ci richiami, per favore: risponde una
	// persona {hours}.»
	NokeyCallAgain ID = "nokey.call-again"

	// Pre-registration.

	// PreregisterEligible: «Può fare la richiesta.»
	PreregisterEligible ID = "preregister.eligible"

	// PreregisterNotEligible: «Adesso tocca {eligible}. Per sapere quando tocca a lei, prema
	// 1. Per qualcun altro, prema 2. Per parlare con una persona, prema 0.»
	PreregisterNotEligible ID = "preregister.not-eligible"
	// PreregisterSinceDate: «Per la sua età si comincia {start-date}. Per farsi chiamare
	// allora, prema 1. Altrimenti, riagganci.»
	PreregisterSinceDate ID = "preregister.since-date"
	// PreregisterSinceUnknown: «Per la sua età la data non c'è ancora. Per farsi chiamare
	// quando si saprà, prema 1. Altrimenti, riagganci.»
	PreregisterSinceUnknown ID = "preregister.since-unknown"
	// PreregisterSincePromise: «Fatto: la chiamiamo noi quando tocca a lei.»
	PreregisterSincePromise ID = "preregister.since-promise"
	// PreregisterAlready: «La sua richiesta c'è già. Per cambiare telefono, prema 1. Per
	// qualcun altro, prema 2. Il numero è: {receipt}. Per riascoltare, prema 9. Per parlare
	// con una persona, prema 0.»
	PreregisterAlready ID = "preregister.already"
	// PreregisterPhoneChanged: «Fatto: il nuovo numero è segnato.»
	PreregisterPhoneChanged ID = "preregister.phone-changed"
	// PreregisterSaved: «La sua richiesta è registrata. Non è ancora un appuntamento.»
	PreregisterSaved ID = "preregister.saved"
	// PreregisterNext: «La chiamiamo noi: prima le persone più anziane.»
	PreregisterNext ID = "preregister.next"

	// Number to be called on.

	// NumberCli: «Chiameremo: {phone}. ‖ Per confermare, prema 1. Per un altro
	// numero, prema 2.»
	NumberCli ID = "number.cli"
	// NumberAsk: «Digiti il numero con il prefisso, poi attenda. Per il telefono di casa,
	// cominci con zero.»
	NumberAsk ID = "number.ask"
	// NumberHidden: «Non vediamo il suo numero. Lo digiti con il prefisso, poi attenda.»
	NumberHidden ID = "number.hidden"
	// NumberReadback: «Ho segnato: {phone}. ‖ Per confermare, prema 1. Per correggere, prema
	// 2.»
	NumberReadback ID = "number.readback"
	// NumberZeroAdded: «Con lo zero: {phone}. ‖ Per confermare, prema 1. Per correggere,
	// prema 2.»
	NumberZeroAdded ID = "number.zero-added"
	// NumberRefused: «A questo numero non possiamo chiamare. Ne digiti un altro, di casa o
	// cellulare.»
	NumberRefused ID = "number.refused"
	// NumberSame: «Per usare lo stesso telefono, prema 1. Per un altro numero, prema 2.»
	NumberSame ID = "number.same"

	// Receipt.

	// ReceiptPen: «Prenda carta e penna, poi prema 1.»
	ReceiptPen ID = "receipt.pen"
	// ReceiptSay: «Il numero è: {receipt}. Ripeto: {receipt}. Se lo perde, basta la
	// tessera.»
	ReceiptSay ID = "receipt.say"

	// A second person in the same call.

	// SecondOffer: «Per il marito, la moglie o qualcun altro, prema 1. Per finire, prema 2.»
	SecondOffer ID = "second.offer"
	// SecondCardReady: «Ora prenda l'altra tessera sanitaria. Quando l'ha in mano, prema 1.
	// Se non la trova, prema 2.»
	SecondCardReady ID = "second.card-ready"
	// SecondNoCard: «Non importa: ci richiami quando l'ha trovata.»
	SecondNoCard ID = "second.no-card"
	// SecondSaved: «Anche questa richiesta è registrata.»
	SecondSaved ID = "second.saved"
	// SecondLimit: «In una telefonata facciamo tre richieste. Per altre, ci richiami quando
	// vuole.»
	SecondLimit ID = "second.limit"

	// A person, or a callback.

	// PersonConnecting: «Le passo una persona.»
	PersonConnecting ID = "person.connecting"
	// PersonWaitShort: «Resti in linea, le risponde una persona. Attesa prevista:
	// {estimate-range}.»
	PersonWaitShort ID = "person.wait-short"
	// PersonOfferFirst: «Attesa prevista: {estimate-range}. Per farsi richiamare senza
	// perdere il posto, prema 1. Per restare in linea, prema 2.»
	PersonOfferFirst ID = "person.offer-first"
	// PersonOfferUnknown: «Adesso l'attesa può essere lunga. Per farsi richiamare senza
	// perdere il posto, prema 1. Per restare in linea, prema 2.»
	PersonOfferUnknown ID = "person.offer-unknown"
	// PersonHold: «Resti in linea. Le risponde una persona.»
	PersonHold ID = "person.hold"
	// CallbackWhen: «Per una chiamata appena possibile, prema 1. Per scegliere il
	// giorno, prema 2.»
	CallbackWhen ID = "callback.when"
	// CallbackHalfDay1: «Per {half-day}, prema 1.»
	CallbackHalfDay1 ID = "callback.half-day-1"
	// CallbackHalfDay2: «Per {half-day}, prema 2.»
	CallbackHalfDay2 ID = "callback.half-day-2"
	// CallbackHalfDay3: «Per {half-day}, prema 3.»
	CallbackHalfDay3 ID = "callback.half-day-3"
	// CallbackHalfDayMore: «Per altri giorni, prema 4.»
	CallbackHalfDayMore ID = "callback.half-day-more"
	// CallbackTaken: «Per quel momento non c'è più posto.»
	CallbackTaken ID = "callback.taken"
	// CallbackNoDays: «Nei prossimi giorni non c'è più posto.»
	CallbackNoDays ID = "callback.no-days"
	// CallbackFull: «Per oggi non c'è più posto. Per farsi richiamare {half-day}, prema
	// 1. Per restare in linea, prema 2.»
	CallbackFull ID = "callback.full"
	// CallbackMany: «Ha già chiesto molte chiamate. Ora se ne occupa una persona.»
	CallbackMany ID = "callback.many"
	// CallbackPromise: «Fatto: la richiamiamo {clock-range}.»
	CallbackPromise ID = "callback.promise"
	// CallbackPromiseHalfDay: «Fatto: la richiamiamo {half-day}.»
	CallbackPromiseHalfDay ID = "callback.promise-half-day"
	// CallbackPromiseSoon: «Fatto: la richiamiamo noi, al suo turno.»
	CallbackPromiseSoon ID = "callback.promise-soon"

	// The word: three figures.

	// CallbackPen: «Prenda carta e penna, poi prema 1.»
	CallbackPen ID = "callback.pen"
	// CallbackWord: «Chi la chiama dirà subito tre numeri: {word}. Ripeto: {word}. Se non li
	// dice, riagganci: non siamo noi.»
	CallbackWord ID = "callback.word"
	// CallbackHours: «Chiamiamo {half-day-long}.»
	CallbackHours ID = "callback.hours"
	// CallbackShown: «Chiamiamo dal numero {service-phone}. Se non risponde, riproviamo
	// noi.»
	CallbackShown ID = "callback.shown"
	// CallbackEnd: «Per riascoltare tutto, prema 9. Altrimenti, riagganci.»
	CallbackEnd ID = "callback.end"

	// While waiting.

	// WaitPosition: «Prima di lei ci sono {ahead} persone.»
	WaitPosition ID = "wait.position"
	// WaitPositionOne: «Prima di lei c'è una persona.»
	WaitPositionOne ID = "wait.position-one"
	// WaitNext: «Adesso tocca a lei. Ancora un momento.»
	WaitNext ID = "wait.next"
	// WaitEstimate: «Attesa prevista: {estimate-range}.»
	WaitEstimate ID = "wait.estimate"
	// WaitAlive: «È sempre in linea con noi.»
	WaitAlive ID = "wait.alive"
	// WaitLate: «Ci scusi, l'attesa è più lunga del previsto.»
	WaitLate ID = "wait.late"
	// WaitOffer: «Per farsi richiamare senza perdere il posto, prema 1.»
	WaitOffer ID = "wait.offer"

	// Closed, and closing time.

	// ClosedPerson: «A quest'ora gli uffici sono chiusi. Per farsi richiamare, prema 1.
	// Per sapere gli orari, prema 2.»
	ClosedPerson ID = "closed.person"
	// ClosedHours: «Risponde una persona {hours}. Per farsi richiamare, prema 1.
	// Altrimenti, riagganci.»
	ClosedHours ID = "closed.hours"
	// ClosingSoon: «Oggi stiamo per chiudere. Per farsi richiamare {half-day}, prema 1.
	// Per scegliere il giorno, prema 2.»
	ClosingSoon ID = "closing.soon"
	// ClosingWaiting: «Ci scusi, chiudiamo. Per farsi richiamare {half-day}, prema 1.
	// Oppure resti in linea.»
	ClosingWaiting ID = "closing.waiting"
	// ClosingWaitingSoon: «Ci scusi, chiudiamo. Per farsi richiamare, prema 1. Oppure
	// resti in linea.»
	ClosingWaitingSoon ID = "closing.waiting-soon"

	// After a fault of ours, the caller still on the line.

	// ResumeQuestion: «Mi scusi, riprendiamo.»
	ResumeQuestion ID = "resume.question"
	// ResumeEntry: «Mi scusi, riprendiamo. Digiti di nuovo, dall'inizio.»
	ResumeEntry ID = "resume.entry"
	// ResumeSaved: «Mi scusi, riprendiamo. Quello che ha confermato è registrato.»
	ResumeSaved ID = "resume.saved"
	// ResumeWait: «Mi scusi, è sempre in linea. Il suo posto resta.»
	ResumeWait ID = "resume.wait"
	// ResumePerson: «Ci scusi, abbiamo un problema. Le passo una persona.»
	ResumePerson ID = "resume.person"

	// Our systems do not answer.

	// DownStore: «Ci scusi, abbiamo un guasto. La richiesta non è ancora registrata. Resti
	// in linea: riproviamo noi.»
	DownStore ID = "down.store"
	// DownSaved: «Ecco: adesso la richiesta è registrata.»
	DownSaved ID = "down.saved"
	// DownStill: «Il guasto continua, ci scusi. Per parlare con una persona, prema 0. Per
	// aspettare ancora, prema 1.»
	DownStill ID = "down.still"
	// DownEnd: «Ci scusi: la richiesta non è registrata. Ci richiami {half-day}, per
	// favore.»
	DownEnd ID = "down.end"
	// DownRegistry: «Ci scusi, ora non leggiamo i dati. Per farsi richiamare, prema 1. Per
	// parlare con una persona, prema 0.»
	DownRegistry ID = "down.registry"

	// The person at our end.

	// AgentHere: «Ecco, le passo una persona.»
	AgentHere ID = "agent.here"
	// AgentComing: «Ancora un momento, la persona sta arrivando.»
	AgentComing ID = "agent.coming"
	// AgentNone: «Ci scusi, ora nessuno può rispondere. Per aspettare in linea, prema 1. Per
	// farsi richiamare, prema 2. Il suo posto è il primo.»
	AgentNone ID = "agent.none"
	// AgentLost: «Ci scusi, la linea si è interrotta. Resti qui: le passo un'altra persona.»
	AgentLost ID = "agent.lost"
	// AgentOther: «Le passo un'altra persona.»
	AgentOther ID = "agent.other"

	// Not now, not for me, never again.

	// AwayLater: «Va bene, richiamiamo più tardi. Arrivederci.»
	AwayLater ID = "away.later"
	// AwayWhen: «Va bene, scelga quando.»
	AwayWhen ID = "away.when"
	// AwayDone: «Va bene, richiamiamo {half-day}. Arrivederci.»
	AwayDone ID = "away.done"
	// WrongMenu: «Ci scusi per il disturbo. Per non ricevere altre chiamate, prema 1.
	// Altrimenti, riagganci.»
	WrongMenu ID = "wrong.menu"
	// WrongBlocked: «Va bene, non chiameremo più questo numero. Arrivederci.»
	WrongBlocked ID = "wrong.blocked"
	// WrongNoted: «Va bene, controlliamo il numero. Arrivederci.»
	WrongNoted ID = "wrong.noted"

	// An agent's telephone, by feature code.

	// DutyReady: «Ora è in servizio.»
	DutyReady ID = "duty.ready"
	// DutyPaused: «Ora è in pausa.»
	DutyPaused ID = "duty.paused"
	// DutyAway: «Ora è fuori servizio.»
	DutyAway ID = "duty.away"
	// DutyRefused: «Niente è cambiato. Riprovi, o usi il computer.»
	DutyRefused ID = "duty.refused"

	// Goodbye.

	// GoodbyeThanks: «Grazie per la chiamata. Arrivederci.»
	GoodbyeThanks ID = "goodbye.thanks"
	// GoodbyeShort: «Grazie, arrivederci.»
	GoodbyeShort ID = "goodbye.short"

	// The service is away: spoken by the exchange alone.

	// AwayApologyNotebook: «Ci scusi, abbiamo un guasto. Il suo numero è segnato. Quando il
	// servizio riprende, la richiamiamo noi. Arrivederci.»
	AwayApologyNotebook ID = "away.apology-notebook"
	// AwayApology: «Ci scusi, abbiamo un guasto. Non possiamo segnare il suo numero. Ci
	// richiami più tardi, per favore. Arrivederci.»
	AwayApology ID = "away.apology"
)
