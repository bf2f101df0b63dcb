package speech

// What is said in calls of ours.
const (
	// Return call.

	// ReturnHelloPromised: «Buongiorno, {authority}. La richiamiamo come promesso. Per parlare con
	// noi, prema 1. Se non può adesso, prema 2. Se non è per lei, prema 3.»
	ReturnHelloPromised ID = "return.hello-promised"

	// ReturnHelloDropped: «Buongiorno, {authority}. Prima è caduta la linea. Per riprendere, prema
	// 1. Se non può adesso, prema 2. Se non è per lei, prema 3.»
	ReturnHelloDropped ID = "return.hello-dropped"

	// ReturnHello: «Buongiorno, {authority}: {word}. Per parlare, prema 1. Se non può
	// adesso, prema 2. Se non è per lei, prema 3.»
	ReturnHello ID = "return.hello"
	// ReturnHelloNoKeys: «Buongiorno, {authority}. Come promesso: {word}. Resti in linea, le
	// passo una persona.»
	ReturnHelloNoKeys ID = "return.hello-no-keys"
	// ReturnNoKey: «Richiameremo noi. Può anche chiamarci al numero {service-phone}.
	// Arrivederci.»
	ReturnNoKey ID = "return.no-key"

	// Our call: the promised time can't be kept.

	// LateHello: «Buongiorno, {authority}. Come promesso: {word}. Siamo in ritardo, ci
	// scusi.»
	LateHello ID = "late.hello"
	// LateHelloPromised: «Buongiorno, {authority}. Siamo in ritardo con la nostra
	// chiamata, ci scusi.»
	LateHelloPromised ID = "late.hello-promised"
	// LateTime: «La chiamiamo {clock-range}.»
	LateTime ID = "late.time"
	// LateTimeHalfDay: «La chiamiamo {half-day}.»
	LateTimeHalfDay ID = "late.time-half-day"
	// LateTimeSoon: «La chiamiamo noi, al suo turno.»
	LateTimeSoon ID = "late.time-soon"
	// LateKeys: «Se va bene, riagganci. Per un altro giorno, prema 2. Per annullare la
	// chiamata, prema 3.»
	LateKeys ID = "late.keys"

	// Our call: do trunk and number work?

	// CheckHello: «Prova della linea. Arrivederci.»
	CheckHello ID = "check.hello"

	// Verifying a landline registrant.

	// VerifyHello: «Buongiorno, {authority}. Chiamiamo per la richiesta fatta sul sito. Per
	// continuare, prema 1. Se non può adesso, prema 2. Se non è per lei, prema 3.»
	VerifyHello ID = "verify.hello"
	// VerifyTrust: «Non chiediamo mai soldi. Quando ha in mano la tessera sanitaria, prema
	// 1. Se preferisce chiamarci lei, prema 2.»
	VerifyTrust ID = "verify.trust"
	// VerifyTrustBirth: «Non chiediamo mai soldi. Per continuare, prema 1. Se preferisce
	// chiamarci lei, prema 2.»
	VerifyTrustBirth ID = "verify.trust-birth"
	// VerifyCallUs: «Ci chiami al numero {service-phone}. Ripeto: {service-phone}.»
	VerifyCallUs ID = "verify.call-us"
	// VerifyAgain: «Con questi numeri non trovo i dati. Digiti ancora le ultime {n-digits}
	// cifre.»
	VerifyAgain ID = "verify.again"
	// VerifyAgainBirth: «Con questi numeri non trovo i dati. Digiti ancora la data di
	// nascita.»
	VerifyAgainBirth ID = "verify.again-birth"
	// VerifyConfirm: «Ha chiesto {campaign} {request-date}. ‖ Per confermare, prema 1. Se
	// non è così, prema 2.»
	VerifyConfirm ID = "verify.confirm"
	// VerifyConfirmed: «La sua richiesta è confermata.»
	VerifyConfirmed ID = "verify.confirmed"
	// VerifyOther: «Per confermare anche un'altra richiesta, prema 1. Per finire, prema 2.»
	VerifyOther ID = "verify.other"
)
