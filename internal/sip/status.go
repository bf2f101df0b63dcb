package sip

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/emiago/sipgo/sip"
)

// Refused is the error of a call that was not answered because the other side
// said no.
type Refused struct {
	Status int    // SIP status, 300 to 699
	Reason string // the other side's words; may be empty
	Cause  int    // of Q.850, where the other side gives one (RFC 3326); 0 otherwise
}

// causeOf reads the cause of Q.850 that goes with a refusal: "Q.850;cause=34".
func causeOf(res *sip.Response) int {
	for _, h := range res.GetHeaders("Reason") {
		protocol, parameters, _ := strings.Cut(h.Value(), ";")
		for p := range strings.SplitSeq(parameters, ";") {
			name, value, _ := strings.Cut(strings.TrimSpace(p), "=")
			if cause, err := strconv.Atoi(value); err == nil && name == "cause" && strings.EqualFold(protocol, "Q.850") {
				return cause
			}
		}
	}
	return 0
}

// Error says the status in words.
func (r *Refused) Error() string {
	words := Reason(r.Status)
	if words == "" {
		words = r.Reason
	}
	return fmt.Sprintf("the call was refused: %d %s", r.Status, words)
}

// Reason returns the words of a SIP status (RFC 3261, 21) that a telephone meets,
// or its class in words for any other.
func Reason(status int) string {
	switch status {
	case 100:
		return "Trying"
	case 180:
		return "Ringing"
	case 183:
		return "Session Progress"
	case 200:
		return "OK"
	case 400:
		return "Bad Request"
	case 401:
		return "Unauthorized"
	case 403:
		return "Forbidden"
	case 404:
		return "Not Found"
	case 405:
		return "Method Not Allowed"
	case 407:
		return "Proxy Authentication Required"
	case 408:
		return "Request Timeout"
	case 410:
		return "Gone"
	case 480:
		return "Temporarily Unavailable"
	case 481:
		return "Call/Transaction Does Not Exist"
	case 484:
		return "Address Incomplete"
	case 486:
		return "Busy Here"
	case 487:
		return "Request Terminated"
	case 488:
		return "Not Acceptable Here"
	case 500:
		return "Server Internal Error"
	case 502:
		return "Bad Gateway"
	case 503:
		return "Service Unavailable"
	case 504:
		return "Server Time-out"
	case 600:
		return "Busy Everywhere"
	case 603:
		return "Decline"
	}
	switch status / 100 {
	case 1:
		return "Progress"
	case 2:
		return "Success"
	case 3:
		return "Moved"
	case 4:
		return "Request Failure"
	case 5:
		return "Server Failure"
	case 6:
		return "Global Failure"
	}
	return "Status " + strconv.Itoa(status)
}
