package phone

import (
	"strings"

	"github.com/nyaruka/phonenumbers"
)

// Class is what a number is, judged by its first digits and its length.
type Class uint8

// The classes. Only Landline and Mobile can ever be dialled.
const (
	Unknown       Class = iota // in no range that is in use, or of impossible length
	NoNumber                   // withheld
	Landline                   // 0x, 6 to 11 digits
	Mobile                     // 32 to 39, 9 or 10 digits
	SanMarino                  // 0549 and country code 378: a foreign operator, whatever the prefix looks like
	Vatican                    // 06698 and country code 379
	MassCall                   // 0369, 0769: votes and games behind a landline's look
	Premium                    // 0878, 144, 163, 164, 166, 89x, five digits with 4
	SharedCost                 // 84x: the one who calls pays a part
	PersonalCode               // 178, 199: follow-me numbers at the caller's cost
	TollFree                   // 800, 803: no citizen lives there
	Voicemail                  // a mobile number with digits more
	Network                    // 31x, 4x: machines and services inside networks
	Nomadic                    // 5x: voice over internet without a place
	Internet                   // 7x: dial-up access
	Emergency                  // 112 and its kin, 116xxx, lines of public help
	ShortCode                  // the other numbers with 1: directory, carriers, customer care
	GlobalNetwork              // country codes of satellites, networks, international premium
	Foreign                    // any other country
)

// String names the class, for reports and metrics.
func (c Class) String() string {
	names := [...]string{
		"unknown", "withheld", "landline", "mobile", "San Marino", "Vatican", "mass call", "premium",
		"shared cost", "personal code", "toll-free", "voicemail", "network", "nomadic", "internet",
		"emergency", "short code", "global network", "foreign",
	}
	if int(c) < len(names) {
		return names[c]
	}
	return names[Unknown]
}

// Class says what the number is.
func (n Number) Class() Class {
	digits, foreign := n.parts()
	switch {
	case digits == "":
		return NoNumber
	case foreign:
		return classAbroad(digits)
	}
	switch digits[0] {
	case '0':
		return classGeographic(digits)
	case '1':
		return classOne(digits)
	case '3':
		return classThree(digits)
	case '4':
		if len(digits) == 5 {
			return Premium
		}
		return Network
	case '5':
		return Nomadic
	case '7':
		return Internet
	case '8':
		return classEight(digits)
	default:
		return Unknown // 2, 6 and 9 are reserved
	}
}

func classAbroad(digits string) Class {
	switch {
	case strings.HasPrefix(digits, "378"):
		return SanMarino
	case strings.HasPrefix(digits, "379"):
		return Vatican
	case hasAnyPrefix(digits, "870", "878", "881", "882", "883", "888", "979", "800", "808"):
		return GlobalNetwork
	default:
		return Foreign
	}
}

func classGeographic(digits string) Class {
	switch {
	case strings.HasPrefix(digits, "0549"):
		return SanMarino
	case strings.HasPrefix(digits, "06698"):
		return Vatican
	case strings.HasPrefix(digits, "0878"):
		return Premium
	case hasAnyPrefix(digits, "0369", "0769"):
		return MassCall
	case 6 <= len(digits) && len(digits) <= 11 && digits[1] != '0':
		return Landline
	default:
		return Unknown
	}
}

func classOne(digits string) Class {
	switch digits {
	case "112", "113", "114", "115", "117", "118", "1500", "1515", "1522", "1525", "1530":
		return Emergency
	}
	switch {
	case strings.HasPrefix(digits, "116"):
		return Emergency
	case hasAnyPrefix(digits, "144", "163", "164", "166"):
		return Premium
	case hasAnyPrefix(digits, "178", "199"):
		return PersonalCode
	default:
		return ShortCode
	}
}

func classThree(digits string) Class {
	switch {
	case len(digits) < 2 || digits[1] == '0':
		return Unknown
	case digits[1] == '1':
		return Network
	case len(digits) == 9 || len(digits) == 10:
		return Mobile
	case len(digits) == 11 || len(digits) == 12:
		return Voicemail
	default:
		return Unknown
	}
}

func classEight(digits string) Class {
	switch {
	case strings.HasPrefix(digits, "80"):
		return TollFree
	case strings.HasPrefix(digits, "84"):
		return SharedCost
	case strings.HasPrefix(digits, "89"):
		return Premium
	default:
		return Unknown
	}
}

func hasAnyPrefix(s string, prefixes ...string) bool {
	for _, p := range prefixes {
		if strings.HasPrefix(s, p) {
			return true
		}
	}
	return false
}

// Reason says why a number is not dialled. Its value is the text that reports
// show.
type Reason string

// The reasons.
const (
	ReasonWithheld  Reason = "the number is withheld"
	ReasonLostZero  Reason = "the first zero is missing"             // WithZero has the number that was meant
	ReasonAbroad    Reason = "the number is not of an Italian line"  // foreign, San Marino, Vatican, satellite
	ReasonCost      Reason = "the number costs who calls it"         // premium, shared cost, mass call, personal code
	ReasonService   Reason = "the number is a service, not a person" // emergency, short code, toll-free, voicemail, network, internet
	ReasonNomadic   Reason = "the number has no place in Italy"      // 5x
	ReasonNotIssued Reason = "no number is like this"                // length or range not in the numbering plan
)

// Refusal is the error of Dialable. It holds no part of the number.
type Refusal struct {
	Reason Reason
	Class  Class
}

// Error gives the reason.
func (r *Refusal) Error() string { return "not dialled: " + string(r.Reason) }

// Dialable says whether the service may dial the number: nil if so, otherwise a
// *Refusal. Allowed are ordinary landline and mobile numbers of Italy, on which
// both the table of this package and libphonenumber must agree; everything that
// is not known to be one is refused.
//
// libphonenumber alone does not do: it holds San Marino's 0549 for a landline
// of region IT, machines' 31x and the satellites of +881 for mobiles, and takes
// national digits that begin with 39 for a country code. Nor does it know what
// 116117 is.
func (n Number) Dialable() error {
	class := n.Class()
	if class != Landline && class != Mobile {
		return &Refusal{n.reason(class), class}
	}
	digits, _ := n.parts()
	number, err := phonenumbers.Parse("+39"+digits, "")
	if err != nil || number.GetCountryCode() != 39 || number.GetExtension() != "" ||
		phonenumbers.GetRegionCodeForNumber(number) != "IT" {
		return &Refusal{ReasonNotIssued, class}
	}
	switch phonenumbers.GetNumberType(number) {
	case phonenumbers.FIXED_LINE:
		if class == Landline {
			return nil
		}
	case phonenumbers.MOBILE:
		if class == Mobile {
			return nil
		}
	}
	return &Refusal{ReasonNotIssued, class}
}

func (n Number) reason(class Class) Reason {
	switch class {
	case NoNumber:
		return ReasonWithheld
	case Foreign, SanMarino, Vatican, GlobalNetwork:
		return ReasonAbroad
	case Premium, SharedCost, MassCall, PersonalCode:
		return ReasonCost
	case Emergency, ShortCode, TollFree, Voicemail, Network, Internet:
		return ReasonService
	case Nomadic:
		return ReasonNomadic
	}
	if _, ok := n.WithZero(); ok {
		return ReasonLostZero
	}
	return ReasonNotIssued
}

// WithZero gives the landline that was probably meant by a caller who left out
// its first zero, as was right until 1998: 272021234 is 0272021234. The offer
// "con lo zero" is made only for digits that are no number of any kind by
// themselves; ok is false otherwise.
func (n Number) WithZero() (number Number, ok bool) {
	digits, foreign := n.parts()
	if foreign || n.Class() != Unknown || strings.HasPrefix(digits, "0") {
		return Number{}, false
	}
	number, err := newNumber('1', "0"+digits)
	if err != nil || number.Class() != Landline || number.Dialable() != nil {
		return Number{}, false
	}
	return number, true
}
