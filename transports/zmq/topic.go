package zmq

import "strings"

// topicOf is the topic of a queue: project/queue/, where what would stand in the way
// is %XX. Nobody's topic begins another's.
func topicOf(project, queue string) string {
	return string(append(appendName(append(appendName(nil, project), '/'), queue), '/'))
}

const upperHex = "0123456789ABCDEF"

func appendName(dst []byte, name string) []byte {
	for _, c := range []byte(name) {
		if plainInTopic(c) {
			dst = append(dst, c)
		} else {
			dst = append(dst, '%', upperHex[c>>4], upperHex[c&15])
		}
	}
	return dst
}

func plainInTopic(c byte) bool { return c >= 0x20 && c < 0x7f && c != '%' && c != '/' }

// parseTopic reads a topic, spelled as topicOf spells it and not otherwise.
func parseTopic(topic string) (project, queue string, ok bool) {
	first, rest, found := strings.Cut(topic, "/")
	second, rest, whole := strings.Cut(rest, "/")
	project, good := parseName(first)
	queue, well := parseName(second)
	ok = found && whole && rest == "" && queue != "" && good && well
	return project, queue, ok && topicOf(project, queue) == topic
}

func parseName(text string) (name string, ok bool) {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] != '%' {
			b.WriteByte(text[i])
			continue
		}
		if len(text)-i < 3 {
			return "", false
		}
		high, low := strings.IndexByte(upperHex, text[i+1]), strings.IndexByte(upperHex, text[i+2])
		if high < 0 || low < 0 {
			return "", false
		}
		b.WriteByte(byte(high<<4 | low))
		i += 2
	}
	return b.String(), true
}
