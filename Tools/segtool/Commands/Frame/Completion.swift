// Completion for shells, and the manual page, from the table of verbs.

/// Scripts that complete the tool's command lines.
enum Completion {
    private static var firstWords: [String] {
        var words: [String] = []
        for verb in Verb.all where !words.contains(verb.words[0]) { words.append(verb.words[0]) }
        return words
    }

    private static func secondWords(_ first: String) -> [String] {
        Verb.all.filter { $0.words.count == 2 && $0.words[0] == first }.map { $0.words[1] }
    }

    private static func flags(_ verb: Verb) -> [String] {
        (verb.options + OptionSpec.common).map { "--\($0.name)" }
    }

    static func bash() -> String {
        var text = """
            # bash completion for segtool
            _segtool() {
              local current="${COMP_WORDS[COMP_CWORD]}" verb="${COMP_WORDS[1]}"
              if [ "$COMP_CWORD" -eq 1 ]; then
                COMPREPLY=($(compgen -W "\(firstWords.joined(separator: " "))" -- "$current"))
                return
              fi

            """
        text += "  case \"$verb\" in\n"
        for first in firstWords where !secondWords(first).isEmpty {
            text +=
                "    \(first)) if [ \"$COMP_CWORD\" -eq 2 ]; then COMPREPLY=($(compgen -W \""
                + secondWords(first).joined(separator: " ")
                + "\" -- \"$current\")); return; fi; verb=\"$verb ${COMP_WORDS[2]}\";;\n"
        }
        text += "  esac\n  if [[ \"$current\" == -* ]]; then\n    case \"$verb\" in\n"
        for verb in Verb.all {
            text +=
                "      \"\(verb.name)\") COMPREPLY=($(compgen -W \""
                + flags(verb).joined(separator: " ") + "\" -- \"$current\"));;\n"
        }
        return text + """
                esac
                return
              fi
              COMPREPLY=($(compgen -f -- "$current"))
            }
            complete -o filenames -F _segtool segtool

            """
    }

    static func zsh() -> String {
        var text = """
            #compdef segtool
            # zsh completion for segtool
            _segtool() {
              local -a verbs seconds flags
              local verb="${words[2]}"
              if (( CURRENT == 2 )); then
                verbs=(

            """
        for first in firstWords {
            let summary = Verb.all.first { $0.name == first }?.summary
            let text2 = summary ?? secondWords(first).joined(separator: ", ")
            text += "      '\(first):\(text2.replacing("'", with: "").replacing(":", with: ";"))'\n"
        }
        text += "    )\n    _describe verb verbs\n    return\n  fi\n  case \"$verb\" in\n"
        for first in firstWords where !secondWords(first).isEmpty {
            text +=
                "    \(first)) if (( CURRENT == 3 )); then seconds=("
                + secondWords(first).joined(separator: " ")
                + "); compadd -a seconds; return; fi; verb=\"$verb ${words[3]}\";;\n"
        }
        text += "  esac\n  if [[ \"${words[CURRENT]}\" == -* ]]; then\n    case \"$verb\" in\n"
        for verb in Verb.all {
            text += "      \"\(verb.name)\") flags=(\(flags(verb).joined(separator: " ")));;\n"
        }
        return text + """
                esac
                compadd -a flags
                return
              fi
              _files
            }
            compdef _segtool segtool

            """
    }

    static func fish() -> String {
        var text = "# fish completion for segtool\n"
        for first in firstWords {
            let summary = Verb.all.first { $0.name == first }?.summary ?? "\(first) ..."
            text +=
                "complete -c segtool -n __fish_use_subcommand -a \(first) -d "
                + "'\(summary.replacing("'", with: ""))'\n"
            let seconds = secondWords(first)
            if !seconds.isEmpty {
                text +=
                    "complete -c segtool -f -n '__fish_seen_subcommand_from \(first); and "
                    + "not __fish_seen_subcommand_from \(seconds.joined(separator: " "))' -a "
                    + "'\(seconds.joined(separator: " "))'\n"
            }
        }
        for verb in Verb.all {
            let condition = verb.words.map { "__fish_seen_subcommand_from \($0)" }
                .joined(separator: "; and ")
            for option in verb.options {
                text +=
                    "complete -c segtool -n '\(condition)' -l \(option.name)"
                    + (option.placeholder == nil ? "" : " -r")
                    + " -d '\(option.help.replacing("'", with: ""))'\n"
            }
        }
        for option in OptionSpec.common {
            text +=
                "complete -c segtool -l \(option.name)"
                + (option.placeholder == nil ? "" : " -r")
                + " -d '\(option.help.replacing("'", with: ""))'\n"
        }
        return text
    }
}

/// The manual page, in the language of man(7).
enum ManualPage {
    static func text() -> String {
        var text = """
            .TH SEGTOOL 1 "" "Varve" "User Commands"
            .SH NAME
            segtool \\- see, verify and mend a Varve store, whether or not it opens
            .SH SYNOPSIS
            .B segtool
            .I VERB STORE
            [...] [OPTIONS]
            .SH DESCRIPTION
            Reading verbs never write, not even a lock, and need no healthy store. Verbs that write
            to a store, or make new files, say so in their help.

            """
        for group in VerbGroup.allCases {
            let verbs = Verb.all.filter { $0.group == group }
            guard !verbs.isEmpty else { continue }
            text += ".SH \(group.rawValue.uppercased())\n"
            for verb in verbs {
                text += ".TP\n.B \(escaped(Help.usage(verb)))\n\(escaped(verb.summary)).\n"
                if !verb.about.isEmpty { text += escaped(verb.about) + "\n" }
                for option in verb.options {
                    text +=
                        ".RS\n.TP\n.B \\-\\-\(option.name)"
                        + (option.placeholder.map { " \($0)" } ?? "")
                        + "\n\(escaped(option.help))\n.RE\n"
                }
            }
        }
        text += ".SH OPTIONS OF EVERY VERB\n"
        for option in OptionSpec.common {
            text +=
                ".TP\n.B \\-\\-\(option.name)" + (option.placeholder.map { " \($0)" } ?? "")
                + "\n\(escaped(option.help))\n"
        }
        text += ".SH EXIT STATUS\n"
        for status in ExitStatus.allCases {
            text += ".TP\n.B \(status.rawValue)\n\(escaped(status.meaning))\n"
        }
        text += ".SH EXAMPLES\n"
        for verb in Verb.all {
            for example in verb.examples {
                text += ".TP\n.B \(escaped(example.line))\n\(escaped(example.purpose))\n"
            }
        }
        return text
    }

    private static func escaped(_ text: String) -> String {
        let safe = text.replacing("\\", with: "\\e").replacing("-", with: "\\-")
        return safe.hasPrefix(".") || safe.hasPrefix("'") ? "\\&" + safe : safe
    }
}
