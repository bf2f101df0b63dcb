package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"richiamo/internal/fiscalcode"
	"richiamo/internal/speech"
)

// The invented citizens of the demonstration, as deploy/demo/citizens.csv has
// them.
const (
	mariaPhone, mariaCode, mariaCard = "0212345601", "RSSMRA36A41F205V", "10001"
	carloCode, carloCard             = "RSSCRL34S23F205K", "20002"
	rosaPhone                        = "0302345615"
	giovanniPhone                    = "0392345602"
	luciaPhone, luciaCode, luciaCard = "0212345603", "FRRLCU38T53F205I", "40004"
	pietroPhone, pietroCode          = "0212345604", "BRMPTR37H29F205C"
	pietroCard                       = "50005"
	elenaPhone, elenaCode            = "0212345699", "PVSLNE39M58G388N"
)

// Scene is one part of the main job.
type Scene struct {
	Title string
	play  func(ctx context.Context, s *Stage) error
}

// Stage is where scenes are played, and what later ones know of earlier ones.
type Stage struct {
	*Town
	API   *API
	agent <-chan *Person // agent1's answered calls
	rosa  *Person        // speaks with agent1 from scene 3 on
	at    *Person        // agent1 in that talk
	word  string         // Giovanni's three figures
}

// Scenes are the main job, in order.
func Scenes() []Scene {
	return []Scene{
		{"1. Maria, born 1936, registers. One of her sixteen keys is wrong; she is found all the same.", mariaRegisters},
		{"2. In the same call she registers her husband.", husbandToo},
		{"3. Giovanni wants a person. All are busy: he hears an honest estimate and is promised a call.", giovanniIsPromised},
		{"4. The agent becomes free, and Giovanni is called at his turn.", giovanniIsCalled},
		{"5. Elena keys a code that is in no registry: no dead end.", elenaIsUnknown},
		{"6. Lucia registered on the portal with her landline number: she is called, confirms, hears her receipt.", luciaConfirms},
		{"7. Richiamo is killed while Pietro is keying; his line never drops.", pietroIsAskedAgain},
	}
}

// NewStage opens the telephones and logs agent1 in.
func NewStage(ctx context.Context, in *Installation, out io.Writer) (*Stage, error) {
	town, err := NewTown(in, out)
	if err != nil {
		return nil, err
	}
	s := &Stage{Town: town, API: &API{URL: in.URL}}
	s.agent, err = town.Agent(ctx, "agent1", 1000)
	if err != nil {
		town.Close()
		return nil, err
	}
	return s, nil
}

// Play plays all scenes. It fails with the first thing that did not happen.
func Play(ctx context.Context, in *Installation, out io.Writer) error {
	s, err := NewStage(ctx, in, out)
	if err != nil {
		return err
	}
	defer s.Close()
	for _, scene := range Scenes() {
		if err := s.Play(ctx, scene); err != nil {
			return err
		}
	}
	return nil
}

// Play plays one scene.
func (s *Stage) Play(ctx context.Context, scene Scene) error {
	s.Title(scene.Title)
	if err := scene.play(ctx, s); err != nil {
		return fmt.Errorf("scene %s: %w", strings.SplitN(scene.Title, " ", 2)[0], err)
	}
	return ctx.Err()
}

// keysOf are the keys of a code.
func keysOf(code string) string {
	c, err := fiscalcode.Parse(code)
	if err != nil {
		panic(err) // the demonstration's own codes are right; a test holds them so
	}
	return c.Keypad().Reveal()
}

// slip presses one wrong key among sixteen.
func slip(keys string) string { return keys[:9] + string('0'+(keys[9]-'0'+1)%10) + keys[10:] }

// identifies goes from the menu to the confirmation of the number.
func (p *Person) identifies(keys, card string) {
	p.hears(speech.MenuMain)
	p.presses("1", "")
	p.hears(speech.IdentifyCardReady)
	p.presses("1", "")
	p.hears(speech.IdentifyAskCode)
	p.presses(keys, "the sixteen keys of the code")
	p.hears(speech.IdentifyAskCardDigits)
	p.presses(card, "the last five figures of the card")
}

// writesDown gets pen and paper, hears a number twice, and returns it.
func (p *Person) writesDown(pen, say speech.ID) string {
	p.hears(pen)
	p.presses("1", "")
	said := figures(p.hearsAll(say))
	if p.err == nil && (len(said) == 0 || len(said)%2 != 0 || said[:len(said)/2] != said[len(said)/2:]) {
		p.fail("the number was not said twice alike")
		return ""
	}
	p.hears(speech.CommonAgainOrOn)
	p.presses("1", "")
	return said[:len(said)/2]
}

func mariaRegisters(_ context.Context, s *Stage) error {
	maria := s.Citizen("Maria", mariaPhone)
	s.rosa = maria // the next scene goes on with her call
	maria.hears(speech.WelcomeHello)
	maria.identifies(slip(keysOf(mariaCode)), mariaCard)
	maria.hears(speech.IdentifyFound)
	maria.hears(speech.PreregisterEligible)
	maria.hears(speech.NumberCli)
	maria.waits()
	maria.presses("1", "")
	maria.hears(speech.PreregisterSaved)
	receipt := maria.writesDown(speech.ReceiptPen, speech.ReceiptSay)
	maria.hears(speech.SecondOffer)
	if maria.Err() != nil {
		return maria.Err()
	}
	return s.API.registered(mariaCode, receipt, "phone")
}

func husbandToo(_ context.Context, s *Stage) error {
	maria := s.rosa
	s.rosa = nil
	maria.presses("1", "")
	maria.hears(speech.SecondCardReady)
	maria.presses("1", "")
	maria.hears(speech.IdentifyCodeAgain)
	maria.presses(keysOf(carloCode), "the sixteen keys of his code")
	maria.hears(speech.IdentifyAskCardDigits)
	maria.presses(carloCard, "the last five figures of his card")
	maria.hears(speech.NumberSame)
	maria.presses("1", "")
	maria.hears(speech.SecondSaved)
	receipt := maria.writesDown(speech.ReceiptPen, speech.ReceiptSay)
	maria.hears(speech.SecondOffer)
	maria.presses("2", "")
	maria.hears(speech.GoodbyeThanks)
	maria.over()
	if maria.Err() != nil {
		return maria.Err()
	}
	return s.API.registered(carloCode, receipt, "phone")
}

// asksForAPerson goes from the menu to a person.
func (p *Person) asksForAPerson() {
	p.hears(speech.MenuMain)
	p.presses("0", "")
}

func giovanniIsPromised(ctx context.Context, s *Stage) error {
	if err := s.API.agentState("agent1", "ready"); err != nil {
		return err
	}
	s.tell("agent1", "is ready")
	s.rosa = s.Citizen("Rosa", rosaPhone)
	s.rosa.asksForAPerson()
	s.rosa.hears(speech.PersonConnecting)
	if s.rosa.Err() != nil {
		return s.rosa.Err()
	}
	var err error
	if s.at, err = s.answered(ctx); err != nil {
		return err
	}
	if err := s.together(s.rosa, s.at); err != nil {
		return err
	}

	giovanni := s.Citizen("Giovanni", giovanniPhone)
	giovanni.asksForAPerson()
	giovanni.hears(speech.PersonOfferFirst)
	giovanni.waits()
	giovanni.presses("1", "")
	giovanni.hears(speech.CallbackWhen)
	giovanni.presses("1", "")
	giovanni.hears(speech.NumberCli)
	giovanni.waits()
	giovanni.presses("1", "")
	giovanni.hears(speech.CallbackPromise)
	s.word = giovanni.writesDown(speech.CallbackPen, speech.CallbackWord)
	giovanni.hears(speech.CallbackShown)
	giovanni.hears(speech.CallbackEnd)
	giovanni.hangsUp()
	if giovanni.Err() == nil && len(s.word) != 3 {
		return fmt.Errorf("%d figures were told to Giovanni instead of three", len(s.word))
	}
	again := s.Citizen("Giovanni", giovanniPhone) // he wonders whether it is true
	again.hears(speech.RecallHello)
	again.presses("1", "")
	again.hears(speech.RecallStatus)
	again.waits()
	again.hangsUp()
	return firstOf(giovanni.Err(), again.Err())
}

// answered waits until agent1 has answered.
func (s *Stage) answered(ctx context.Context) (*Person, error) {
	select {
	case p := <-s.agent:
		return p, p.Err()
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-time.After(patience):
		return nil, fmt.Errorf("agent1's telephone did not ring within %v", patience)
	}
}

// together makes sure by ear that citizen and agent are connected: each hears
// the other's tone.
func (s *Stage) together(citizen, agent *Person) error {
	citizen.call.SendTone(440)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := citizen.call.WaitTone(ctx, 1000); err != nil {
		return fmt.Errorf("%s does not hear the agent: %w", citizen.name, err)
	}
	if err := agent.call.WaitTone(ctx, 440); err != nil {
		return fmt.Errorf("the agent does not hear %s: %w", citizen.name, err)
	}
	s.tell("", "%s and %s hear each other (440 Hz and 1000 Hz)", citizen.name, agent.name)
	return nil
}

func giovanniIsCalled(ctx context.Context, s *Stage) error {
	s.rosa.hangsUp()
	s.at.over()
	if err := s.API.agentState("agent1", "ready"); err != nil {
		return err
	}
	s.tell("agent1", "has written up the talk, and is ready")
	giovanni := s.Rings(ctx, "Giovanni", giovanniPhone)
	word := figures(giovanni.hearsAll(speech.ReturnHello))
	if giovanni.Err() == nil && word != s.word {
		return errors.New("the call does not say the figures that Giovanni was told")
	}
	giovanni.presses("1", "")
	giovanni.hears(speech.AgentHere)
	agent, err := s.answered(ctx)
	if giovanni.Err() != nil || err != nil {
		return firstOf(giovanni.Err(), err)
	}
	if err := s.together(giovanni, agent); err != nil {
		return err
	}
	giovanni.hangsUp()
	agent.over()
	return firstOf(giovanni.Err(), agent.Err(), s.API.agentState("agent1", "away"))
}

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func elenaIsUnknown(_ context.Context, s *Stage) error {
	elena := s.Citizen("Elena", elenaPhone)
	elena.identifies(keysOf(elenaCode), "12345")
	for range 2 {
		elena.hears(speech.IdentifyTryAgain)
		elena.presses("1", "")
		elena.hears(speech.IdentifyAskCardDigits)
		elena.presses("12345", "the last five figures of the card")
	}
	elena.hears(speech.IdentifyToPerson)
	elena.presses("1", "")
	elena.hears(speech.CallbackWhen)
	elena.presses("1", "")
	elena.hears(speech.NumberCli)
	elena.waits()
	elena.presses("1", "")
	elena.hears(speech.CallbackPromiseSoon)
	elena.writesDown(speech.CallbackPen, speech.CallbackWord)
	elena.hangsUp()
	if elena.Err() != nil {
		return elena.Err()
	}
	return s.API.promised("unidentified")
}

func luciaConfirms(ctx context.Context, s *Stage) error {
	id, err := s.API.handOver(luciaCode, luciaPhone)
	if err != nil {
		return err
	}
	s.tell("portal", "hands over a registration with a landline number: POST /api/v1/return-calls")
	lucia := s.Rings(ctx, "Lucia", luciaPhone)
	lucia.hears(speech.VerifyHello)
	lucia.waits()
	lucia.presses("1", "")
	lucia.hears(speech.VerifyTrust)
	lucia.presses("1", "")
	lucia.hears(speech.IdentifyAskCardDigits)
	lucia.presses(luciaCard, "the last five figures of the card")
	lucia.hears(speech.VerifyConfirm)
	lucia.waits()
	lucia.presses("1", "")
	lucia.hears(speech.VerifyConfirmed)
	receipt := lucia.writesDown(speech.ReceiptPen, speech.ReceiptSay)
	lucia.hears(speech.VerifyOther)
	lucia.presses("2", "")
	lucia.hears(speech.GoodbyeShort)
	lucia.over()
	if lucia.Err() != nil {
		return lucia.Err()
	}
	if err := s.API.done(id); err != nil {
		return err
	}
	s.tell("portal", "reads that the return call is done, with its attempt: GET /api/v1/return-calls/ID")
	return s.API.registered(luciaCode, receipt, "portal")
}

func pietroIsAskedAgain(ctx context.Context, s *Stage) error {
	pietro := s.Citizen("Pietro", pietroPhone)
	pietro.hears(speech.MenuMain)
	pietro.presses("1", "")
	pietro.hears(speech.IdentifyCardReady)
	pietro.presses("1", "")
	pietro.hears(speech.IdentifyAskCode)
	pietro.presses(keysOf(pietroCode)[:7], "seven of the sixteen keys")
	s.in.Kill()
	s.tell("", "kill -9: there is no Richiamo")
	if err := s.in.Serve(ctx); err != nil {
		return err
	}
	s.tell("", "Richiamo is started again")
	pietro.hears(speech.ResumeEntry)
	pietro.hears(speech.IdentifyAskCode)
	pietro.presses(keysOf(pietroCode), "the sixteen keys of the code")
	pietro.hears(speech.IdentifyAskCardDigits)
	pietro.presses(pietroCard, "the last five figures of the card")
	pietro.hears(speech.NumberCli)
	pietro.waits()
	pietro.presses("1", "")
	pietro.hears(speech.PreregisterSaved)
	receipt := pietro.writesDown(speech.ReceiptPen, speech.ReceiptSay)
	pietro.hears(speech.SecondOffer)
	pietro.presses("2", "")
	pietro.hears(speech.GoodbyeThanks)
	pietro.over()
	if pietro.Err() != nil {
		return pietro.Err()
	}
	return firstOf(s.in.WaitReady(ctx), s.API.registered(pietroCode, receipt, "phone"))
}
