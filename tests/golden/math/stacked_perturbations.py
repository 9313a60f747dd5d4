"""Perturbations of a gold answer (LaTeX) by ten kinds that may be stacked, for make_stacked.py.

The ten kinds of the grader's requirement, written again without a look at perturbations.py: spacing, fractions, decimals, unreduced
forms, order, units, commas, signs, brackets, text; and wrong digits. Each is a function (gold, rng) -> answer, perhaps unchanged.
"""
import math
import re
from fractions import Fraction as F


def dec(v, d):
    """v with d decimals, d >= 0."""
    n = round(abs(v) * 10**d)
    s = str(n).rjust(d + 1, "0")
    return ("-" if v < 0 and n else "") + (s[:-d] + "." + s[-d:] if d else s)


UN=["cm","m","ft","in","km","kg","g","mi","mph","yd","lb","oz","s","sec","min","hr","hours","minutes","days","weeks","years","degrees","radians","dollars","cents","units","square units","cubic units","sq. ft.","square feet","cubic feet","square inches","cubic centimeters","people","students","marbles","cookies","books","ways","points","miles","meters","inches","feet","liters","gallons","percent","\\%","balls","cards","bags","apples","steps","pages","coins","times","sides","vertices","digits","numbers","solutions","integers","values","pairs","triangles","cm^2","m^3","ft^2","\\text{cm}^2","m/s","km/h","miles per hour"]
def spacing(g,r):
    out='';i=0
    for m in re.finditer(r'\\[a-zA-Z]+ ?|\\.|.',g):
        t=m[0]; out+=t
        if not t.startswith('\\') and t in '+-=,()[]/' and r.random()<.4: out+=r.choice([' ','\\,','\\ ','\\;','\\!','\\:','~','\\quad ','\\thinspace ','  ','\n','\t','\\hspace{1pt}','{}','\\enspace ','\\> '])
    return out
def spacing2(g,r): return re.sub(r'(?<=\d)(?=\\(sqrt|pi|frac))',lambda m:r.choice([' ','\\,','\\;','\\!','~','\\ ','\\cdot ','*','\\times ']),g)
def squeeze(g,r): return re.sub(r'(?<![a-zA-Z]) | (?![a-zA-Z])','',g)
def dfrac(g,r):
    def f(m): return r.choice(['\\dfrac{%s}{%s}','\\tfrac{%s}{%s}','\\frac{%s}{%s}','\\cfrac{%s}{%s}','\\frac {%s}{%s}','\\frac{%s} {%s}','\\dfrac{ %s}{ %s}','{\\frac{%s}{%s}}','\\displaystyle\\frac{%s}{%s}','%s/%s','\\left.%s\\middle/%s\\right.','\\frac{(%s)}{(%s)}','\\frac{{%s}}{{%s}}','\\textstyle\\frac{%s}{%s}','\\genfrac{}{}{}{}{%s}{%s}','\\sfrac{%s}{%s}','{%s\\over%s}','(%s)/(%s)','\\frac%s%s' ])%(m[1],m[2])
    o=re.sub(r'\\[dt]?frac\{((?:[^{}]|\{[^{}]*\})*)\}\{((?:[^{}]|\{[^{}]*\})*)\}',f,g)
    return re.sub(r'\\[dt]?frac ?(\d)(\d)',f,o)
def value(g):
    s=g.replace(' ','').replace(',\\!','').replace('\\$','').replace('^\\circ','')
    m=re.fullmatch(r'(-?)\\[dt]?frac\{?(\d+?)\}?\{?(\d+)\}?',s)
    if m and ('{' in s or len(m[2]+m[3])==2): return F(int(m[2]),int(m[3]))*(-1 if m[1] else 1)
    if re.fullmatch(r'-?\d*\.?\d+',s): return F('0'+s if s[0]=='.' else s)
    m=re.fullmatch(r'(\d*)\\sqrt\{?(\d+)\}?',s)
    if m: return F(str(int(m[1] or 1)*math.sqrt(int(m[2]))))
    m=re.fullmatch(r'(\d*)\\pi',s)
    if m: return F(str(int(m[1] or 1)*math.pi))
def decimals(g,r):
    v=value(g)
    if v is None:
        return re.sub(r'\\[dt]?frac\{(\d+)\}\{(\d+)\}|(?<![\d/])(\d+)/(\d+)',lambda m:dec(F(int(m[1] or m[3]),int(m[2] or m[4])),r.choice([1,2,3,6,8])),g)
    n=r.choice([1,2,3,4,5,6,7,8,10,11,13]); s=dec(v,n)
    if r.random()<.3: s=dec(v,n+4)[:-4]
    if r.random()<.2: s=s.rstrip('0')
    if r.random()<.1: s=s.lstrip('0') or '0'
    if r.random()<.1: s+=r.choice(['0','00','5','1','9'])
    if r.random()<.05: s=s.replace('.',',')
    return s
def unreduced(g,r):
    q=r.choice([2,3,5,6,12,-1,-2,10,25])
    o=re.sub(r'\\[dt]?frac\{(-?\d+)\}\{(\d+)\}',lambda m:'\\frac{%d}{%d}'%(int(m[1])*q,int(m[2])*q),g)
    o=re.sub(r'\\frac ?(\d)(\d)',lambda m:'\\frac{%d}{%d}'%(int(m[1])*q,int(m[2])*q),o)
    if o==g: o=re.sub(r'(?<![\d/._^{,!\\])(\d+)(?:/(\d+))?(?![\d.,/}])',lambda m:'%d/%d'%(int(m[1])*abs(q),int(m[2] or 1)*abs(q)) if r.random()<.6 else m[0],g)
    return o
def unsqrt(g,r): return re.sub(r'(\d+) ?\\sqrt\{?(\d+)\}?',lambda m:r.choice(['\\sqrt{%d}'%(int(m[1])**2*int(m[2])),'\\frac{%d}{2}\\sqrt{%s}'%(2*int(m[1]),m[2]),'%s\\sqrt{%s}'%(m[2],m[1])]),g)
def split(s,seps):
    out=[];d=0;cur=''
    for c in s:
        d+=(c in '([{')-(c in ')]}')
        if d==0 and c in seps and cur.strip(): out.append(cur);cur=c
        else: cur+=c
    return out+[cur]
def order(g,r):
    m=re.fullmatch(r'((?:\\left)?(?:\\\{|[(\[])?)(.*?)((?:\\right)?(?:\\\}|[)\]])?)',g,re.S)
    p=[x.strip(' ,') for x in split(m[2],',')]
    if len(p)>1 and 'cup' not in g: r.shuffle(p); return m[1]+r.choice([',',', ']).join(p)+m[3]
    if '\\cup' in g: p=g.split('\\cup'); return '\\cup '.join(x.strip() for x in reversed(p))
    if '=' in g: a,b=g.split('=',1); return b.strip()+' = '+a.strip()
    p=[x.strip() for x in split(g,'+-')]
    if len(p)>1: p=[x if x[0] in '+-' else '+'+x for x in p]; r.shuffle(p); return ''.join(p).lstrip('+')
    m=re.fullmatch(r'(\d+) ?(\\sqrt\{?\d+\}?|\\pi|[a-zA-Z](?:\^\d)?)',g)
    if m: return m[2]+r.choice([' \\cdot ','\\times ','',' ','*'])+m[1]
    return g
def units(g,r):
    u=r.choice(UN)
    return g+r.choice([' \\text{ %s}','\\text{ %s}','\\text{%s}','\\ \\text{%s}','\\,\\text{%s}','\\;\\mathrm{%s}',' %s','~%s','\\mbox{ %s}','\\textrm{ %s}',' \\mathrm{ %s}','\\hspace{2mm}\\text{%s}','\\ %s','\\text{-%s}',' \\textit{%s}','\\, %s','\\text{ %s}.'])%u
def deunit(g,r): return re.sub(r'\\(text|mbox)\{.*?\}(\^\d)?|\^\\circ|\\\$','',g).strip()
def deg(g,r): return g.replace('^\\circ',r.choice(['','^{\\circ}','\\degree','\\text{ degrees}','^{o}','°',' degrees','\\,^{\\circ}','{}^\\circ','^\\circ.','\\text{°}','^\\text{o}','^\\circ\\text{ (degrees)}']))
def commas(g,r):
    s=re.sub(r'(?<=\d),\\! ?(?=\d{3})|(?<=\d),(?=\d{3}(?!\d))','',g)
    sep=r.choice([',',',\\!','{,}','\\,',' ',', ',',\\,','','.','\\text{,}',';','\\:','\\!,','{,\\!}'])
    return re.sub(r'(?<![\d.])\d{4,}',lambda m:re.sub(r'(?<=\d)(?=(\d{3})+$)',lambda _:sep,m[0]),s)
def sign(g,r):
    return r.choice([lambda:'-'+g,lambda:'- '+g,lambda:'-('+g+')',lambda:'-\\left('+g+'\\right)',lambda:'+'+g,lambda:g[1:] if g[0]=='-' else '-'+g,lambda:g.replace('-','+',1) if '-' in g else g.replace('+','-',1),lambda:'-1\\cdot '+g,lambda:'--'+g,lambda:'-(-'+g+')',lambda:'\\pm '+g,lambda:re.sub(r'frac\{(\d+)\}',r'frac{-\1}',g),lambda:re.sub(r'frac\{(\d+)\}\{(\d+)\}',r'frac{\1}{-\2}',g),lambda:'-{'+g+'}',lambda:'\\minus '+g,lambda:g.replace('-','−'),lambda:g.replace('-','- '),lambda:g.replace('-','-\\,'),lambda:'0-'+g,lambda:g+'-0'])()
def brackets(g,r):
    P=[('(','['),('[','('),(')',']'),(']',')'),('(','\\left('),(')','\\right)'),('[','\\left['),(']','\\right]'),('\\{','('),('\\}',')'),('\\{','\\left\\{'),('\\}','\\right\\}'),('(','\\langle '),(')','\\rangle '),('\\left',''),('\\right',''),('(','\\{'),(')','\\}'),('(',''),(')',''),('(','\\big('),(')','\\big)')]
    o=g
    for a,b in r.sample(P,3): o=o.replace(a,b)
    if o==g: o=r.choice(['(%s)','[%s]','\\{%s\\}','\\left(%s\\right)','{%s}','\\left[%s\\right]','((%s))','{{%s}}','|%s|','\\langle %s \\rangle','(%s','%s)','\\left\\{%s\\right\\}','\\lbrack %s \\rbrack','\\lvert %s\\rvert','\\lfloor %s\\rfloor','\\|%s\\|'])%g
    return o
def text(g,r):
    m=re.fullmatch(r'\\text\{\(?(.*?)\)?\}',g)
    if m: t=m[1]; return r.choice([t,'(%s)'%t,t.upper(),t.lower(),t.capitalize(),'\\text{%s}'%t.lower(),'\\text{(%s)}'%t,'\\textbf{(%s)}'%t,'\\mathrm{(%s)}'%t,'\\textbf{%s}'%t,'\\text{ %s }'%t,'\\text{%s }'%t,'\\mbox{%s}'%t,'\\texttt{%s}'%t,'\\text{\\textbf{%s}}'%t,'\\mathsf{%s}'%t,'\\text{%s!}'%t,'\\text{it is %s}'%t,"\\text{`%s'}"%t,'\\emph{%s}'%t,'\\operatorname{%s}'%t,'\\hbox{%s}'%t,'\\text{%s-%s}'%(t,t),'\\text{%s} '%t,'\\ \\text{%s}'%t,'\\rm %s'%t])
    return r.choice(['\\text{%s}','\\text{Answer: }%s','\\text{the answer is } %s','\\mathrm{%s}','\\mathbf{%s}','\\boldsymbol{%s}','\\bm{%s}','\\text{$%s$}','%s\\text{ (final)}','\\text{exactly } %s','\\text{about } %s','%s \\text{ total}','\\text{(%s)}','\\textnormal{%s}','\\mathtt{%s}','\\text{so } x = %s','\\underline{%s}','\\overline{%s}','\\mathit{%s}','\\text{%s.}','\\text{x = }%s','\\ensuremath{%s}','\\large{%s}','\\color{blue}{%s}','\\textcolor{red}{%s}','\\text{ %s }','\\text{yes, }%s','%s\\text{ or so}','%s \\text{ where } n \\text{ is an integer}','\\fbox{%s}','\\hat{%s}','\\tilde{%s}'])%g
def near(g,r):
    at=[i for i,c in enumerate(g) if c.isdigit()]
    if not at: return g
    i=r.choice(at); return g[:i]+str((int(g[i])+r.randint(1,9))%10)+g[i+1:]
KINDS={f.__name__:f for f in [spacing,spacing2,squeeze,dfrac,decimals,unreduced,unsqrt,order,units,deunit,deg,commas,sign,brackets,text,near]}
TEMPLATES=["\\boxed{@}","$\\boxed{@}$","The answer is $\\boxed{@}$.","$@$","The final answer is $@$","The final answer is $@$. I hope it is correct.","Therefore, the final answer is: $\\boxed{@}$. I hope it is correct.","\\[\\boxed{@}\\]","$$\\boxed{@}$$","\\(\\boxed{@}\\)","Answer: $@$","The answer is @.","@","So x = @","\\begin{align*}x&=\\boxed{@}\\end{align*}","**\\boxed{@}**","$\\boxed{x = @}$","$\\boxed{@}.$","Step 1: $1+1=2$.\nStep 2: $\\boxed{@}$"]
